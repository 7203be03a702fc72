/** The times of a schedule as its form has them. */
import type { NewSchedule, ScheduleView } from '../../../../schemas/api/commands/schedules.ts';
import { viewerZone } from '../time.ts';

export interface Times extends Pick<NewSchedule, 'timeZone' | 'catchUp'> {
  cron: string;
  /** Once, at this local time; empty: by `cron`. */
  at: string;
}

export function newTimes(): Times {
  return { cron: '0 22 * * *', at: '', timeZone: viewerZone, catchUp: 'skip' };
}

/** Those of a schedule that there is. */
export function timesOf({ cron, atMs, timeZone, catchUp }: ScheduleView): Times {
  const { cron: usual } = newTimes();
  return { cron: cron ?? usual, at: atMs === undefined ? '' : localTime(atMs), timeZone, catchUp };
}

/** As the request has them. */
export function whenOf({ cron, at, timeZone, catchUp }: Times) {
  const when = at === '' ? { cron: cron.trim() } : { atMs: new Date(at).getTime() };
  return { ...when, timeZone, catchUp };
}

/** As `<input type="datetime-local">` takes it, in the zone of this browser. */
function localTime(ms: number): string {
  const date = new Date(ms);
  const shifted = new Date(ms - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}
