import { InvalidArgumentError } from 'commander';

/** ISO 8601: a date (UTC), or date and time with a zone, so that no local clock is guessed. */
export function parseTime(text: string): number {
  const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const unixMs = iso ? Date.parse(text) : Number.NaN;
  if (!(unixMs >= 0)) {
    throw new InvalidArgumentError(
      'It must be a date, or a date and time with a zone, such as 2026-01-31T12:00:00Z.',
    );
  }
  return unixMs;
}
