import type { ScheduleRun, ScheduleView } from '../../schemas/api/commands/schedules.ts';
import type { CronFields } from './cron-fields.ts';
import { lastTime, nextTime } from './next-time.ts';

export interface Schedule extends Omit<ScheduleView, 'nextMs'> {
  /** The ids of its runs are made with it, so that nobody can guess one and take it for a command of their own. Older schedules have none. */
  runKey?: string;
}

/** A schedule that the hub keeps. */
export interface KeptSchedule {
  schedule: Schedule;
  readonly fields: CronFields | undefined;
  nextMs: number | undefined;
  /** A time of it is being dealt with, or it is being saved. */
  busy: boolean;
}

/** Times of which a schedule keeps what became. */
const keptRuns = 10;

/** The last times of a schedule, newest first, with what became of this one. */
export function withRun(run: ScheduleRun, runs: readonly ScheduleRun[] = []): ScheduleRun[] {
  return [run, ...runs.filter(({ atMs }) => atMs !== run.atMs)].slice(0, keptRuns);
}

/** A time up to this late counts as met, not as missed. */
const onTimeMs = 60_000;

/** The first time not dealt with yet, Unix ms; undefined when there is none any more. */
export function nextOf(schedule: Schedule, fields: CronFields | undefined): number | undefined {
  const { atMs, lastMs, createdMs, timeZone } = schedule;
  if (fields === undefined) return lastMs === undefined ? atMs : undefined;
  // Never before the last one, whatever the clock says: if it is set back, nothing fires twice.
  return nextTime(fields, timeZone, lastMs ?? createdMs);
}

/** As if every time up to now had been dealt with: a restored hub does not know which of them were. */
export function passedOver(schedule: Schedule, nowMs: number): Schedule {
  const { cron, atMs, lastMs, createdMs } = schedule;
  if (cron !== undefined) return { ...schedule, lastMs: Math.max(lastMs ?? createdMs, nowMs) };
  return atMs === undefined || atMs > nowMs ? schedule : { ...schedule, lastMs: atMs };
}

export type Due =
  /** Unix ms; undefined: it does not run again. */
  | { kind: 'later'; atMs: number | undefined }
  | { kind: 'fire'; atMs: number }
  /** Missed, and not to be made up for. */
  | { kind: 'skip'; atMs: number };

/** Decides what to do now. However many times were missed, at most one is caught up. */
export function dueOf(schedule: Schedule, fields: CronFields | undefined, nowMs: number): Due {
  const first = nextOf(schedule, fields);
  if (first === undefined || first > nowMs) return { kind: 'later', atMs: first };
  const latest = fields === undefined ? first : (lastTime(fields, schedule.timeZone, first, nowMs) ?? first);
  const kind = nowMs - latest <= onTimeMs || schedule.catchUp === 'once' ? 'fire' : 'skip';
  return { kind, atMs: latest };
}
