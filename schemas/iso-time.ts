/** The last moment a time from outside may name, Unix ms: the end of the year 9999, as ISO 8601 writes years. */
export const lastTimeMs = 253_402_300_799_999;

/**
 * Unix ms, which may carry three decimals, as ISO 8601 in UTC: `2026-01-01T00:00:00.000Z`, `….000250Z`.
 * A number that is not a date is shown as a number: `Date.toISOString` throws beyond ±8.64e15 (ECMA-262 §21.4.1.1).
 */
export function isoTime(unixMs: number): string {
  const wholeMs = Math.floor(unixMs);
  const date = new Date(wholeMs);
  if (Number.isNaN(date.getTime())) return `no date (${unixMs})`;
  const micros = Math.round((unixMs - wholeMs) * 1_000);
  const text = date.toISOString();
  return micros === 0 ? text : text.replace('Z', `${String(micros).padStart(3, '0')}Z`);
}
