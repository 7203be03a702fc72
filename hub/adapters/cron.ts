import { parse, schedule, validate } from 'node-cron';
import type { CronFields } from '../schedules/next-time.ts';
import type { Log } from '../kernel/log.ts';
import type { CronPort } from '../schedules/scheduler.ts';

/** True for a cron expression of five fields, or of six with the seconds first. */
export function isCron(expression: string): boolean {
  return validate(expression);
}

/**
 * What an expression allows; undefined when it is none, or has what only a calendar could tell (`L`, `#`).
 * A time of its own is left to the caller: node-cron's timers know no clock but the machine's.
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

/** `node-cron` behind the scheduler's port. A tick more than a second late is not run, but told as missed. */
export function createCron(log: Log): CronPort {
  const logger = {
    info: (message: string) => log.debug(message),
    warn: (message: string) => log.debug(message),
    error: (message: string | Error) => log.error(String(message)),
    debug: (message: string | Error) => log.debug(String(message)),
  };
  return {
    schedule({ name, cron, timeZone, run }, { missed }) {
      const task = schedule(cron, run, { name, timezone: timeZone, noOverlap: true, logger });
      task.on('execution:missed', missed);
      task.on('execution:overlap', missed);
      return { stop: () => task.destroy() };
    },
  };
}
