import { parse, validate } from 'node-cron';
import type { CronFields } from '../schedules/cron-fields.ts';

/**
 * What an expression of five fields, or of six with the seconds first, allows; undefined when it is none, or has what
 * only a calendar could tell (`L`, `#`). Its times are reckoned elsewhere: node-cron's timers know no clock but the
 * machine's, and demand both day fields.
 */
export function parseCron(expression: string): CronFields | undefined {
  if (!validate(expression)) return undefined;
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = parse(expression);
  const days = numbers(dayOfMonth);
  const weekdays = numbers(dayOfWeek)?.map((day) => day % 7);
  if (days === undefined || weekdays === undefined) return undefined;
  const fields = { second, minute, hour, month, dayOfMonth: days, dayOfWeek: weekdays };
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
