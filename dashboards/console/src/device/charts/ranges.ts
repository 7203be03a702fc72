/** How far back a device's pictures reach. Pure. */
import { shortSpan } from '../../time.ts';

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

/** In steps of this, what is shown of a young device grows with it, ms. */
const youngMs = 5 * minuteMs;

/** The shortest that zooming leads to, and the longest, s. */
const shortestSec = 10;
const longestSec = 400 * 86_400;

/**
 * The range of that name, which may be one that was zoomed to, such as `90s`.
 * @param age of what is shown, ms: without a name, a young device is shown from its beginning, and an older one for an hour
 */
export function rangeOf(key: string | null, age = Number.POSITIVE_INFINITY): Range {
  const known = ranges.find((one) => one.key === key);
  if (known !== undefined) return known;
  const [, seconds] = /^(\d{1,9})s$/.exec(key ?? '') ?? [];
  if (seconds !== undefined) return zoomed(Number(seconds) * 1_000);
  const lengthMs = Math.min(hourMs, Math.ceil(Math.max(age, 1) / youngMs) * youngMs);
  return ranges.find((one) => one.lengthMs === lengthMs) ?? zoomed(lengthMs);
}

/** A range of another length than those that have a button. */
export function zoomed(lengthMs: number): Range {
  const sec = Math.min(longestSec, Math.max(shortestSec, Math.round(lengthMs / 1_000)));
  return { key: `${sec}s`, word: shortSpan(sec * 1_000), lengthMs: sec * 1_000 };
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
