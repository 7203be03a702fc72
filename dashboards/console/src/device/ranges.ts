/** How far back a device's pictures reach. Pure. */

export interface Range {
  /** As in the address: `range=1h`. */
  key: string;
  word: string;
  lengthMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const ranges: readonly Range[] = [
  { key: '5m', word: '5 min', lengthMs: 5 * minuteMs },
  { key: '1h', word: '1 h', lengthMs: hourMs },
  { key: '6h', word: '6 h', lengthMs: 6 * hourMs },
  { key: '24h', word: '24 h', lengthMs: dayMs },
  { key: '7d', word: '7 d', lengthMs: 7 * dayMs },
  { key: '30d', word: '30 d', lengthMs: 30 * dayMs },
];

/** The range of that name; one hour where there is none. */
export function rangeOf(key: string | null): Range {
  return ranges.find((one) => one.key === key) ?? (ranges[1] as Range);
}

/** A span of time that is shown. */
export interface Span {
  /** Unix ms. */
  fromMs: number;
  toMs: number;
  /** It ends now, and moves on. */
  live: boolean;
}

/** @param until where it ends, Unix ms as text; null: now */
export function spanOf(range: Range, until: string | null, nowMs: number): Span {
  const end = Number(until ?? Number.NaN);
  const live = !Number.isSafeInteger(end) || end <= 0 || end >= nowMs;
  const toMs = live ? nowMs : end;
  return { fromMs: toMs - range.lengthMs, toMs, live };
}
