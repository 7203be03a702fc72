/** The times of a cron expression in a time zone, as pure arithmetic: no timer and no clock of its own. */

/** What each field allows, in rising order. Day of month and day of week must both match. */
export interface CronFields {
  readonly second: readonly number[];
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly dayOfMonth: readonly number[];
  /** 1 to 12. */
  readonly month: readonly number[];
  /** 0 to 6, from Sunday. */
  readonly dayOfWeek: readonly number[];
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** 29 February on a given day of the week comes within 40 years. */
const maxDays = 40 * 366;

/** True for an IANA name such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * The first time after `afterMs` (Unix ms); undefined when there is none.
 * A local time that a clock change leaves out counts as so much later; one that it repeats counts once, unless
 * every hour is meant.
 */
export function nextTime(fields: CronFields, timeZone: string, afterMs: number): number | undefined {
  const zone = offsets(timeZone);
  const everyHour = fields.hour.length === 24;
  // Local time, written as if it were UTC.
  const localAfter = afterMs + zone(afterMs);
  const firstDay = Math.floor(localAfter / dayMs) * dayMs;
  for (let days = 0; days < maxDays; days++) {
    const day = firstDay + (days - 1) * dayMs;
    if (!isDay(fields, day)) continue;
    const found = firstOfDay(fields, day, { zone, everyHour, afterMs, localAfter });
    if (found !== undefined) return found;
  }
  return undefined;
}

type Zone = (unixMs: number) => number;

function isDay({ dayOfMonth, month, dayOfWeek }: CronFields, day: number): boolean {
  const date = new Date(day);
  return (
    month.includes(date.getUTCMonth() + 1) &&
    dayOfMonth.includes(date.getUTCDate()) &&
    dayOfWeek.includes(date.getUTCDay())
  );
}

function firstOfDay(
  { hour, minute, second }: CronFields,
  day: number,
  {
    zone,
    everyHour,
    afterMs,
    localAfter,
  }: { zone: Zone; everyHour: boolean; afterMs: number; localAfter: number },
): number | undefined {
  let first: number | undefined;
  let firstLocal = 0;
  for (const hours of hour) {
    for (const minutes of minute) {
      const local = day + (hours * 60 + minutes) * minuteMs;
      // No clock change moves a time by more than a day.
      if (local < localAfter - dayMs) continue;
      // The repeat of an hour comes before what follows it, so look on for so long.
      if (first !== undefined && local > firstLocal + 2 * 60 * minuteMs) return first;
      const moments = momentsOf(local, zone);
      for (const moment of everyHour ? moments : moments.slice(0, 1)) {
        if (moment + minuteMs <= afterMs) continue;
        for (const seconds of second) {
          const at = moment + seconds * 1000;
          if (at <= afterMs || (first !== undefined && at >= first)) continue;
          first = at;
          firstLocal = local;
        }
      }
    }
  }
  return first;
}

/** None is left out: a time in the gap of a clock change is read with the offset before it. */
function momentsOf(local: number, zone: Zone): number[] {
  const before = zone(local - dayMs);
  const after = zone(local + dayMs);
  const moments = [...new Set([local - before, local - after])].filter((at) => at + zone(at) === local);
  return moments.length === 0 ? [local - before] : moments.toSorted((a, b) => a - b);
}

/** How far local time is ahead of UTC, ms. */
function offsets(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    era: 'narrow',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const known = new Map<number, number>();
  return (unixMs) => {
    // No zone of our time changes off the quarter of an hour.
    const quarter = Math.floor(unixMs / (15 * minuteMs));
    const cached = known.get(quarter);
    if (cached !== undefined) return cached;
    const at = quarter * 15 * minuteMs;
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    const offset = Date.UTC(year, month - 1, day, hour, minute, second) - at;
    known.set(quarter, offset);
    return offset;
  };
}
