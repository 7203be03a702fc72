/** The times of a cron expression in a time zone, as pure arithmetic: no timer and no clock of its own. */

import { firstLocalTime, type CronFields } from './cron-fields.ts';
import { timeZoneOf, type OffsetSpan } from './time-zone.ts';

/** Local time and UTC are never a day apart. */
const maxOffsetMs = 86_400_000;

/**
 * The first time after `afterMs` (Unix ms); undefined when there is none.
 * A local time that a clock change leaves out counts as so much later; one that it repeats counts once, unless
 * every hour is meant.
 */
export function nextTime(fields: CronFields, timeZone: string, afterMs: number): number | undefined {
  const zone = timeZoneOf(timeZone);
  let fromMs = Math.floor(afterMs / 1000) * 1000 + 1000;
  for (;;) {
    const span = zone.spanAt(fromMs);
    const foundMs = firstWithin(span, fields, fromMs);
    if (foundMs !== undefined) return foundMs;
    // Whatever comes later has a local time about as late: what lies between need not be looked at.
    const localMs = firstLocalTime(fields, span.endMs - maxOffsetMs);
    if (localMs === undefined) return undefined;
    fromMs = Math.max(span.endMs, localMs - maxOffsetMs);
  }
}

/** The first `count` times after `afterMs`, Unix ms: fewer when there are no more, none without `fields`. */
export function nextTimes(
  fields: CronFields | undefined,
  timeZone: string,
  afterMs: number,
  count: number,
): number[] {
  const times: number[] = [];
  if (fields === undefined) return times;
  for (let latestMs: number | undefined = afterMs; times.length < count;) {
    latestMs = nextTime(fields, timeZone, latestMs);
    if (latestMs === undefined) break;
    times.push(latestMs);
  }
  return times;
}

/**
 * The last time in (`afterMs`, `upToMs`], Unix ms; undefined when there is none. Found by halving, since whoever was
 * away for a month must not walk through each second of it.
 */
export function lastTime(
  fields: CronFields,
  timeZone: string,
  afterMs: number,
  upToMs: number,
): number | undefined {
  let found: number | undefined;
  // All times are whole seconds.
  let [fromMs, noneAfterMs] = [Math.floor(afterMs), Math.floor(upToMs)];
  for (let middleMs = fromMs; fromMs < noneAfterMs; middleMs = Math.floor((fromMs + noneAfterMs) / 2)) {
    const next = nextTime(fields, timeZone, middleMs);
    if (next === undefined || next > upToMs) noneAfterMs = middleMs;
    else found = fromMs = next;
  }
  return found;
}

/** The first time at or after `fromMs` in a span that holds it. */
function firstWithin(
  { startMs, endMs, offsetMs, beforeMs }: OffsetSpan,
  fields: CronFields,
  fromMs: number,
): number | undefined {
  const everyHour = fields.hour.length === 24;
  // The clocks were put back: local times up to here have been before.
  const repeatedUntilMs = everyHour ? fromMs : startMs + beforeMs - offsetMs;
  const localMs = firstLocalTime(fields, Math.max(fromMs, repeatedUntilMs) + offsetMs);
  const foundMs = localMs === undefined ? Infinity : localMs - offsetMs;
  // The clocks were put forward: what that left out follows the offset before.
  const leftOutUntilMs = startMs + offsetMs - beforeMs;
  const leftOutMs = fromMs < leftOutUntilMs ? firstLocalTime(fields, fromMs + beforeMs) : undefined;
  const madeUpMs = leftOutMs === undefined ? Infinity : leftOutMs - beforeMs;
  const firstMs = Math.min(foundMs, madeUpMs < leftOutUntilMs ? madeUpMs : Infinity);
  return firstMs < endMs ? firstMs : undefined;
}
