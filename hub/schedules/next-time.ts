/** The times of a cron expression in a time zone, as pure arithmetic: no timer and no clock of its own. */

/** What each field allows, in rising order. */
export interface CronFields {
  readonly second: readonly number[];
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly dayOfMonth: readonly number[];
  /** 1 to 12. */
  readonly month: readonly number[];
  /** 0 to 6, from Sunday. */
  readonly dayOfWeek: readonly number[];
  /**
   * Which days count when both day fields are restricted: as in crontab(5), either one is enough. Where one of them
   * begins with `*`, both must match.
   */
  readonly days: 'either' | 'both';
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Clocks change by an hour or two, and what that moves lies within as much of the change. */
const changeMs = 3 * 3_600_000;
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
  const zone = zoneOf(timeZone);
  return nearTime(fields, zone, afterMs) ?? searchedTime(fields, zone, afterMs);
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
  const nextUpTo = (ms: number): number | undefined => {
    const next = nextTime(fields, timeZone, ms);
    return next !== undefined && next <= upToMs ? next : undefined;
  };
  let found = nextUpTo(afterMs);
  if (found === undefined) return undefined;
  // There is none after this moment.
  let beyondMs = upToMs;
  for (let next = nextUpTo(found); next !== undefined; next = nextUpTo(found)) {
    found = next;
    for (let halfMs = (beyondMs - found) / 2; halfMs >= 500; halfMs = (beyondMs - found) / 2) {
      const later = nextUpTo(beyondMs - halfMs);
      if (later !== undefined) {
        found = later;
        break;
      }
      beyondMs -= halfMs;
    }
  }
  return found;
}

/**
 * The first time after `afterMs` when it comes today or tomorrow and the clocks of the zone do not change near the
 * two: local time is then UTC and a constant, and the time is found field by field. Undefined: it must be searched for.
 */
function nearTime(fields: CronFields, zone: Zone, afterMs: number): number | undefined {
  const offsetMs = zone(afterMs);
  // A day that was left out as a whole (Samoa, 2011) moves its times by as much.
  if (Math.abs(zone(afterMs - dayMs - changeMs) - offsetMs) > changeMs) return undefined;
  const localAfter = afterMs + offsetMs;
  const today = Math.floor(localAfter / dayMs) * dayMs;
  // The first whole second after it.
  const second = Math.floor((localAfter - today) / 1000) + 1;
  let local = isDay(fields, today) ? timeOfDayFrom(fields, second) : undefined;
  if (local === undefined) {
    const tomorrow = isDay(fields, today + dayMs) ? timeOfDayFrom(fields, 0) : undefined;
    if (tomorrow === undefined) return undefined;
    local = dayMs / 1000 + tomorrow;
  }
  const atMs = today + local * 1000 - offsetMs;
  const isSteady = [afterMs - changeMs, atMs, atMs + changeMs].every((ms) => zone(ms) === offsetMs);
  return isSteady ? atMs : undefined;
}

/** The first time of a day at or after a second of it, in seconds of the day. */
function timeOfDayFrom({ hour, minute, second }: CronFields, from: number): number | undefined {
  const [h, m, s] = [Math.floor(from / 3_600), Math.floor(from / 60) % 60, from % 60];
  const atOrAfter = (values: readonly number[], least: number): number | undefined =>
    values.find((value) => value >= least);
  const time = (hours = 0, minutes = minute[0] ?? 0, seconds = second[0] ?? 0): number =>
    hours * 3_600 + minutes * 60 + seconds;
  if (hour.includes(h)) {
    const sameMinute = minute.includes(m) ? atOrAfter(second, s) : undefined;
    if (sameMinute !== undefined) return time(h, m, sameMinute);
    const sameHour = atOrAfter(minute, m + 1);
    if (sameHour !== undefined) return time(h, sameHour);
  }
  const laterHour = atOrAfter(hour, h + 1);
  return laterHour === undefined ? undefined : time(laterHour);
}

function searchedTime(fields: CronFields, zone: Zone, afterMs: number): number | undefined {
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

function isDay({ dayOfMonth, month, dayOfWeek, days }: CronFields, day: number): boolean {
  const date = new Date(day);
  if (!month.includes(date.getUTCMonth() + 1)) return false;
  const inMonth = dayOfMonth.includes(date.getUTCDate());
  const inWeek = dayOfWeek.includes(date.getUTCDay());
  return days === 'either' ? inMonth || inWeek : inMonth && inWeek;
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

/** Zones by name: making one costs more than all the times that are asked of it. IANA has some 600 names. */
const zones = new Map<string, Zone>();

function zoneOf(timeZone: string): Zone {
  const known = zones.get(timeZone);
  if (known !== undefined) return known;
  const made = offsets(timeZone);
  zones.set(timeZone, made);
  return made;
}

/** Offsets that a zone remembers: a search looks at some two hundred quarters of an hour. */
const maxQuarters = 2_000;

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
    if (known.size >= maxQuarters) known.clear();
    known.set(quarter, offset);
    return offset;
  };
}
