import { parseCron } from '../adapters/cron.ts';
import { nextTimes } from '../schedules/next-time.ts';

/** The first `count` times in UTC after `afterMs`, Unix ms; none for an invalid expression. */
export function cronTimes(expression: string, afterMs: number, count: number): number[] {
  return nextTimes(parseCron(expression), 'UTC', afterMs, count);
}
