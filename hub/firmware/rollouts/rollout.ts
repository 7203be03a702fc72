import type { DayWindow, RolloutLook } from '../../../schemas/api/firmware/rollouts.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import {
  isSettledUpdate,
  type RolloutStatus,
  type UpdateState,
} from '../../../schemas/firmware/update-states.ts';
import { lookAt } from './comparison.ts';
import { isOpen } from './day-window.ts';
import { waitsForDevice, type Update, type UpdateRules } from './update.ts';
import type { Gap } from './watched-time.ts';

/**
 * One firmware for many devices, in waves, as a pure decision over where their updates stand.
 *
 *   running ◀──on request──▶ paused
 *      │  every update has ended ──▶ finished
 *      ├──more failures than allowed ──▶ stopped
 *      ├──the updated devices do worse than the others ──▶ stopped
 *      └──on request ──▶ cancelled
 *
 * Its devices are fixed when it is accepted, and shuffled. A wave begins when every update of the earlier ones has ended and the
 * look after the last one stopped nothing. However it ends, what is being applied goes on, and is followed to its end.
 */
export interface Rollout {
  readonly id: string;
  /** As asked for: a selector. */
  readonly to: string;
  /** The name under which the selector is stored. */
  readonly group?: string | undefined;
  /** The device type without its version. */
  readonly type: string;
  readonly version: string;
  /** Of the artifact. */
  readonly sha256: string;
  /** How many devices are updated after each wave; the last is all of them. */
  readonly waves: readonly number[];
  /** With more failures than this it stops. */
  readonly maxFailures: number;
  /** How long a device may take from its offer until it runs the version, s. */
  readonly deadlineSec: number;
  /** How long a device must stay well with it, s. */
  readonly soakSec: number;
  readonly window?: DayWindow | undefined;
  /** Of the shuffle. */
  readonly seed: number;
  /** Unix ms. */
  readonly acceptedMs: number;
  readonly requester: Requester;
  readonly status: RolloutStatus;
  readonly reason?: string | undefined;
  /** Waves that have begun. */
  readonly wave: number;
  readonly looks: readonly RolloutLook[];
  /** When a hub watched its devices last, Unix ms. */
  readonly watchedMs?: number | undefined;
  /** When no hub watched. */
  readonly gaps?: readonly Gap[] | undefined;
  /** No wave begins any more, Unix ms. */
  readonly endedMs?: number | undefined;
  /** Every update has ended as well. */
  readonly settled?: true | undefined;
}

/** A device of a rollout. */
export interface RolloutTarget {
  readonly device: string;
  /** From 1; 0: skipped. */
  readonly wave: number;
  readonly update: Update;
}

export interface RolloutRecord {
  readonly rollout: Rollout;
  /** In the order of their waves; those that are skipped come last. */
  readonly targets: readonly RolloutTarget[];
}

export type RolloutDecision =
  /** This wave begins now. */
  | { kind: 'begin'; wave: number }
  | { kind: 'look'; look: RolloutLook }
  | { kind: 'wait' }
  | { kind: 'finish' }
  | { kind: 'stop'; reason: 'too-many-failures' | 'devices-do-worse' };

const failures: ReadonlySet<UpdateState> = new Set(['failed', 'rolled-back', 'rejected', 'timed-out']);

/** A device that was never there since it was offered says nothing about the firmware. */
export function isFailure({ state, reason }: Pick<Update, 'state' | 'reason'>): boolean {
  return failures.has(state) && reason !== 'away';
}

export function rulesOf({ version, soakSec, deadlineSec, gaps = [] }: Rollout): UpdateRules {
  return { version, soakMs: soakSec * 1000, deadlineMs: deadlineSec * 1000, gaps };
}

/** No wave begins any more. */
export function isEnded({ status }: Pick<Rollout, 'status'>): boolean {
  return status !== 'running' && status !== 'paused';
}

/** Whether updates may begin now. */
export function mayBegin({ status, window }: Rollout, nowMs: number): boolean {
  return status === 'running' && (window === undefined || isOpen(window, nowMs));
}

/** What a rollout that has not ended does next. */
export function decideRollout({ rollout, targets }: RolloutRecord, nowMs: number): RolloutDecision {
  if (isEnded(rollout)) return { kind: 'wait' };
  const failed = targets.filter(({ update }) => isFailure(update)).length;
  const isDone = targets.every(({ update }) => isSettledUpdate(update.state));
  if (failed > rollout.maxFailures && !isDone) return { kind: 'stop', reason: 'too-many-failures' };
  if (isDone) return { kind: 'finish' };
  if (rollout.status === 'paused') return { kind: 'wait' };
  const { wave, looks, waves, soakSec, gaps = [] } = rollout;
  const last = looks.at(-1);
  if (last?.stops === true) return { kind: 'stop', reason: 'devices-do-worse' };
  if (isUnderWay(targets, wave)) return { kind: 'wait' };
  if (wave > (last?.wave ?? 0)) {
    const when = { wave, atMs: nowMs, soakMs: soakSec * 1000, gaps, looks: Math.max(1, waves.length - 1) };
    return { kind: 'look', look: lookAt(targets, when, looks) };
  }
  return mayBegin(rollout, nowMs) ? { kind: 'begin', wave: wave + 1 } : { kind: 'wait' };
}

/** A device that is away holds nothing up, unless there is nobody else in the wave to learn from. */
function isUnderWay(targets: readonly RolloutTarget[], wave: number): boolean {
  const open = targets.filter(
    (target) => target.wave > 0 && target.wave <= wave && !isSettledUpdate(target.update.state),
  );
  if (!open.every(({ update }) => waitsForDevice(update))) return true;
  const ofWave = targets.filter((target) => target.wave === wave);
  return ofWave.length > 0 && ofWave.every(({ update }) => waitsForDevice(update));
}

/**
 * How many devices are updated after each wave.
 * @param given counts and shares: `1`, `5%`; each counts all devices up to then. The last wave is all of them.
 * @returns undefined: one of them is neither, or they do not rise
 */
export function wavesOf(given: readonly string[], devices: number): number[] | undefined {
  const waves: number[] = [];
  let before = 0;
  for (const text of given) {
    const [, number = '', share] = /^(\d{1,9}(?:\.\d{1,3})?)(%)?$/.exec(text) ?? [];
    const amount = Number(number);
    if (number === '' || amount === 0 || (share === undefined ? !Number.isInteger(amount) : amount > 100))
      return undefined;
    const upTo = Math.min(devices, share === undefined ? amount : Math.ceil((amount / 100) * devices));
    // In a small fleet two shares may be the same number of devices: then they are one wave.
    if (upTo < before) return undefined;
    if (upTo > before) waves.push(upTo);
    before = upTo;
  }
  if ((waves.at(-1) ?? 0) < devices) waves.push(devices);
  return waves;
}
