import { schedule, validate } from 'node-cron';
import type { Log } from '../kernel/log.ts';
import type { CronPort } from '../schedules/scheduler.ts';

/** True for a cron expression of five fields, or of six with the seconds first. */
export function isCron(expression: string): boolean {
  return validate(expression);
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
