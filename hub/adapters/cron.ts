import { parse, validate } from 'node-cron';
import type { CronFields } from '../schedules/cron-fields.ts';

/**
 * What an expression of five fields, or of six with the seconds first, allows. Undefined for anything else, and for `L`
 * and `#`, which are not supported. The times are calculated elsewhere: node-cron's timers cannot take our clock, and
 * they require both day fields to match.
 */
export function parseCron(expression: string): CronFields | undefined {
  const [ofWeek = '', inYear = '', ofMonth = '', ...ofDay] = expression.trim().split(/\s+/).toReversed();
  const time = ofDay.toReversed().join(' ');
  // Apart, as node-cron refuses a month that has no such day: with a day of the week the time comes nevertheless.
  const days = `${time} ${ofMonth} * ${ofWeek}`;
  const months = `${time} * ${inYear} *`;
  if (!validate(days) || !validate(months)) return undefined;
  const { second, minute, hour, dayOfMonth, dayOfWeek } = parse(days);
  const { month } = parse(months);
  const dates = numbers(dayOfMonth);
  const weekdays = numbers(dayOfWeek)?.map((day) => day % 7);
  if (dates === undefined || weekdays === undefined) return undefined;
  const fields = { second, minute, hour, month, dayOfMonth: dates, dayOfWeek: weekdays };
  for (const values of Object.values(fields)) values.sort((a, b) => a - b);
  return { ...fields, days: eitherDay(expression) ? 'either' : 'both' };
}

/** crontab(5): when both day fields are restricted, that is, do not begin with `*`, either one is enough. */
function eitherDay(expression: string): boolean {
  const [ofWeek = '*', , ofMonth = '*'] = expression.trim().split(/\s+/).toReversed();
  return !ofMonth.startsWith('*') && !ofWeek.startsWith('*');
}

function numbers(values: readonly (number | string)[]): number[] | undefined {
  const read = values.map(Number);
  return read.every(Number.isInteger) ? read : undefined;
}
