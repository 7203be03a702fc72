import type { Acknowledgement, AlarmKind, AlarmSeverity, AlarmState } from '../../schemas/api/alarms.ts';

/**
 * The life of an alarm, as a pure function of what happens to it. An alarm is one source of one device.
 *
 *                    acknowledge
 *        ┌─ raised ───────────────▶ acknowledged ─┐
 *        │    ▲                        ▲          │
 *   gone │    │ again     again within │          │ gone
 *        ▼    │              a minute  │          ▼
 *       cleared ─────────────────────▶ closed ◀───┘
 *            │       acknowledge         │
 *            └───────── again ───────────┴──▶ raised
 *
 * What comes back within a minute is the same occurrence: it does not count, and it stays acknowledged. From then on the
 * alarm flaps: it is over only once it has been gone for a whole minute, so that nobody hears of each turn.
 *
 * What only happens (an event, a failed command) does not end by itself: it is closed when somebody acknowledges it. Until
 * then another one within a minute of the last does not count.
 */

export interface Alarm {
  readonly source: string;
  readonly kind: AlarmKind;
  readonly severity: AlarmSeverity;
  readonly text: string;
  readonly value?: number | undefined;
  /** False for what only happens. */
  readonly lasting: boolean;
  readonly state: AlarmState;
  readonly count: number;
  /** Unix ms, here and below. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly clearedMs?: number | undefined;
  readonly acknowledged?: Acknowledgement | undefined;
  /** It came back within a minute. */
  readonly flaps?: true | undefined;
  /** While it flaps: gone since. */
  readonly goneMs?: number | undefined;
}

/** What is wrong now. */
export type Problem = Pick<Alarm, 'source' | 'kind' | 'severity' | 'text' | 'value' | 'lasting'>;

/** Coming back sooner is the same occurrence, ms. */
export const flapMs = 60_000;

export function isActive({ state }: Pick<Alarm, 'state'>): boolean {
  return state === 'raised' || state === 'acknowledged';
}

export function isOpen({ state }: Pick<Alarm, 'state'>): boolean {
  return state !== 'closed';
}

/** @param alarm as it was; undefined: it is raised for the first time @returns undefined: nothing changes */
export function raise(alarm: Alarm | undefined, problem: Problem, nowMs: number): Alarm | undefined {
  if (alarm === undefined) return { ...problem, state: 'raised', count: 1, firstMs: nowMs, lastMs: nowMs };
  if (isActive(alarm)) {
    if (!alarm.lasting) return isSoon(alarm.lastMs, nowMs) ? undefined : anew(alarm, problem, nowMs);
    return alarm.goneMs === undefined ? undefined : { ...alarm, goneMs: undefined };
  }
  const { clearedMs } = alarm;
  if (!alarm.lasting || clearedMs === undefined || !isSoon(clearedMs, nowMs))
    return anew(alarm, problem, nowMs);
  const state = alarm.state === 'closed' ? 'acknowledged' : 'raised';
  return { ...alarm, state, clearedMs: undefined, flaps: true };
}

/** It is so no more. @returns undefined: nothing changes */
export function clear(alarm: Alarm, nowMs: number): Alarm | undefined {
  if (!alarm.lasting || !isActive(alarm)) return undefined;
  if (alarm.flaps === undefined) return over(alarm, nowMs);
  return alarm.goneMs === undefined ? { ...alarm, goneMs: nowMs } : undefined;
}

/** Somebody deals with it. @returns undefined: somebody has before */
export function acknowledge(alarm: Alarm, acknowledged: Acknowledgement): Alarm | undefined {
  switch (alarm.state) {
    case 'raised':
      return alarm.lasting
        ? { ...alarm, state: 'acknowledged', acknowledged }
        : { ...alarm, state: 'closed', clearedMs: acknowledged.timeMs, acknowledged };
    case 'cleared':
      return { ...alarm, state: 'closed', acknowledged };
    case 'acknowledged':
    case 'closed':
  }
  return undefined;
}

/** Something else explains it, which a person is notified of instead. When it is still so afterwards, it is raised anew. */
export function withdraw(alarm: Alarm, acknowledged: Acknowledgement): Alarm | undefined {
  if (!isActive(alarm)) return undefined;
  const { flaps: _flaps, goneMs: _goneMs, ...rest } = alarm;
  return { ...rest, state: 'closed', acknowledged };
}

/** Time passes: one that flaps is over when it has been gone for a minute. @returns undefined: nothing changes */
export function settle(alarm: Alarm, nowMs: number): Alarm | undefined {
  const { goneMs } = alarm;
  return goneMs === undefined || isSoon(goneMs, nowMs) ? undefined : over(alarm, nowMs);
}

function over(alarm: Alarm, nowMs: number): Alarm {
  const { flaps: _flaps, goneMs: _goneMs, ...rest } = alarm;
  return { ...rest, state: alarm.state === 'acknowledged' ? 'closed' : 'cleared', clearedMs: nowMs };
}

function anew({ count, firstMs }: Alarm, problem: Problem, nowMs: number): Alarm {
  return { ...problem, state: 'raised', count: count + 1, firstMs, lastMs: nowMs };
}

/** A clock that was set back makes nothing soon: an alarm too many is better than one too few. */
function isSoon(sinceMs: number, nowMs: number): boolean {
  const passedMs = nowMs - sinceMs;
  return passedMs >= 0 && passedMs < flapMs;
}
