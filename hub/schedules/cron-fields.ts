/** What a cron expression allows, and the first local time that it does. */

export interface CronFields {
  /** Each in rising order. */
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

const dayMs = 86_400_000;
/** 29 February on a given day of the week occurs within 40 years, even across a year that is not a leap year (2100). */
const maxMonths = 40 * 12;

/**
 * The first whole second at or after a local time, both written as if they were UTC, ms.
 * Undefined when no day matches, such as 30 February.
 */
export function firstLocalTime(fields: CronFields, fromMs: number): number | undefined {
  const fromSecond = Math.ceil(fromMs / 1000);
  const day = Math.floor(fromSecond / 86_400);
  const today = isDay(fields, day * dayMs) ? timeOfDay(fields, fromSecond - day * 86_400) : undefined;
  if (today !== undefined) return day * dayMs + today * 1000;
  const later = firstDay(fields, (day + 1) * dayMs);
  const start = timeOfDay(fields, 0);
  return later === undefined || start === undefined ? undefined : later + start * 1000;
}

function isDay(fields: CronFields, dayStartMs: number): boolean {
  const date = new Date(dayStartMs);
  return fields.month.includes(date.getUTCMonth() + 1) && isDate(fields, date.getUTCDate(), date.getUTCDay());
}

function isDate({ dayOfMonth, dayOfWeek, days }: CronFields, date: number, weekday: number): boolean {
  const inMonth = dayOfMonth.includes(date);
  const inWeek = dayOfWeek.includes(weekday);
  return days === 'either' ? inMonth || inWeek : inMonth && inWeek;
}

/** The first matching day at or after one, ms of their starts. */
function firstDay(fields: CronFields, fromMs: number): number | undefined {
  const from = new Date(fromMs);
  const [year, firstMonth] = [from.getUTCFullYear(), from.getUTCMonth()];
  for (let month = firstMonth; month < firstMonth + maxMonths; month++) {
    if (!fields.month.includes((month % 12) + 1)) continue;
    const startMs = Date.UTC(year, month, 1);
    const weekday = new Date(startMs).getUTCDay();
    const length = (Date.UTC(year, month + 1, 1) - startMs) / dayMs;
    for (let date = month === firstMonth ? from.getUTCDate() : 1; date <= length; date++) {
      if (isDate(fields, date, (weekday + date - 1) % 7)) return startMs + (date - 1) * dayMs;
    }
  }
  return undefined;
}

/** The first second of the day at or after `from`, which the fields allow. */
function timeOfDay({ hour, minute, second }: CronFields, from: number): number | undefined {
  const [hours, minutes, seconds] = [Math.floor(from / 3_600), Math.floor(from / 60) % 60, from % 60];
  const [firstMinute = 0] = minute;
  const [firstSecond = 0] = second;
  if (hour.includes(hours)) {
    const inMinute = minute.includes(minutes) ? atLeast(second, seconds) : undefined;
    if (inMinute !== undefined) return hours * 3_600 + minutes * 60 + inMinute;
    const inHour = atLeast(minute, minutes + 1);
    if (inHour !== undefined) return hours * 3_600 + inHour * 60 + firstSecond;
  }
  const later = atLeast(hour, hours + 1);
  return later === undefined ? undefined : later * 3_600 + firstMinute * 60 + firstSecond;
}

function atLeast(values: readonly number[], least: number): number | undefined {
  return values.find((value) => value >= least);
}
