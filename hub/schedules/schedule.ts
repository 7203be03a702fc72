import { nextTime, type CronFields } from './next-time.ts';

/** What a schedule does at its time. */
export type ScheduledAction =
  | {
      readonly kind: 'command';
      readonly name: string;
      readonly params: Readonly<Record<string, unknown>>;
      readonly ttlMs?: number;
      readonly wave?: number;
      readonly maxFailures?: number;
    }
  | { readonly kind: 'notice'; readonly topic: string; readonly data: unknown };

export interface Schedule {
  readonly name: string;
  /** Recurring; or once, at `atMs` (Unix ms). */
  readonly cron?: string;
  readonly atMs?: number;
  /** IANA name. */
  readonly timeZone: string;
  /** A selector, read anew at each time. */
  readonly to: string;
  readonly action: ScheduledAction;
  /** What becomes of a time that passed while the hub was away: left out, or (the last one) made up for. */
  readonly catchUp: 'skip' | 'once';
  /** Spread over the devices, each at its own moment within so long. */
  readonly jitterMs: number;
  readonly paused: boolean;
  /** Unix ms. */
  readonly createdMs: number;
  /** The last of its times that was dealt with: done, or left out. */
  readonly lastMs?: number;
}

/** A time counts as met, not as missed, so long after it. */
const onTimeMs = 60_000;
const windowsMs = [3_600_000, 86_400_000, 32 * 86_400_000, 400 * 86_400_000];

/** The first time not dealt with yet, Unix ms; undefined when there is none any more. */
export function nextOf(schedule: Schedule, fields: CronFields | undefined): number | undefined {
  const { atMs, lastMs, createdMs, timeZone } = schedule;
  if (fields === undefined) return lastMs === undefined ? atMs : undefined;
  // Never before the last one, whatever the clock says meanwhile: set back, it fires nothing twice.
  return nextTime(fields, timeZone, lastMs ?? createdMs);
}

export type Due =
  /** Unix ms; undefined: never again. */
  | { kind: 'later'; atMs: number | undefined }
  | { kind: 'fire'; atMs: number }
  /** Missed, and not to be made up for. */
  | { kind: 'skip'; atMs: number };

/** What is to be done now. However many times were missed, at most one is made up for. */
export function dueOf(schedule: Schedule, fields: CronFields | undefined, nowMs: number): Due {
  const first = nextOf(schedule, fields);
  if (first === undefined || first > nowMs) return { kind: 'later', atMs: first };
  const latest = fields === undefined ? first : lastBy(schedule, fields, first, nowMs);
  const kind = nowMs - latest <= onTimeMs || schedule.catchUp === 'once' ? 'fire' : 'skip';
  return { kind, atMs: latest };
}

/** The last time up to `nowMs`, when `first` is one. */
function lastBy({ timeZone }: Schedule, fields: CronFields, first: number, nowMs: number): number {
  let latest = first;
  for (const windowMs of windowsMs) {
    let next = nextTime(fields, timeZone, Math.max(first, nowMs - windowMs));
    while (next !== undefined && next <= nowMs) {
      latest = next;
      next = nextTime(fields, timeZone, next);
    }
    if (latest !== first) break;
  }
  return latest;
}
