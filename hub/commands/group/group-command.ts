import { isFinal, type TargetStatus } from '../../../schemas/command-status.ts';
import { tally } from '../../../schemas/command-tally.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import type { AnswerAddress } from '../journal.ts';

/**
 * One command for many devices, in waves, as a pure decision over the statuses of its targets.
 *
 *   running ──every target has a final status──▶ finished
 *      ├──more failures than allowed──▶ stopped
 *      ├──no more time for the next wave──▶ expired
 *      └──on request──▶ cancelled
 *
 * Its list of targets is fixed when it is accepted. Each gets one command with the group command's own id, so that
 * asking twice, or again after a restart, sends once. A wave begins when every command of the earlier waves has
 * ended, is uncertain, or waits for a device without a session. A device without a session for which there is no room
 * does not hold up those that have one: its turn comes when it is back, or when there is room.
 */

export type GroupCommandStatus = 'running' | 'finished' | 'stopped' | 'expired' | 'cancelled';

export interface GroupCommand {
  readonly id: string;
  /** As asked for: a selector, or the name of a stored one. */
  readonly to: string;
  readonly group?: string | undefined;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Of each command, from the moment it is accepted. */
  readonly ttlMs?: number | undefined;
  /** Devices in one wave. */
  readonly wave: number;
  /** With more failures than this it stops. */
  readonly maxFailures: number;
  /** Each device's command waits for a share of this of its own, ms. */
  readonly jitterMs: number;
  readonly acceptedMs: number;
  /** No command is sent at or after this moment, Unix ms. */
  readonly expiresMs?: number | undefined;
  readonly requester: Requester;
  readonly answerTo?: AnswerAddress | undefined;
  readonly status: GroupCommandStatus;
  readonly reason?: string | undefined;
  readonly endedMs?: number | undefined;
}

export interface Target {
  readonly device: string;
  status: TargetStatus;
  reason?: string | undefined;
  /** Its command is queued, and the device has no session. */
  waitsOffline?: boolean | undefined;
  /** It is waiting, there is no room for a command to it, and the device has no session: others go first. */
  deferred?: boolean | undefined;
}

export type Decision =
  /** The indexes of the targets whose commands are due now. */
  | { kind: 'send'; indexes: number[] }
  | { kind: 'wait' }
  | {
      kind: 'end';
      status: Exclude<GroupCommandStatus, 'running' | 'cancelled'>;
      reason?: string | undefined;
    };

/** True when the target's status never changes again. */
export function isSettled({ status }: Target): boolean {
  return status === 'skipped' || isFinal(status);
}

/** What a running group command does next. @param random01 a device's own share of the jitter, in [0, 1), always the same */
export function decide(
  groupCommand: Pick<GroupCommand, 'wave' | 'maxFailures' | 'acceptedMs' | 'expiresMs' | 'jitterMs'>,
  targets: readonly Target[],
  nowMs: number,
  random01: (device: string) => number,
): Decision {
  const { failed, waiting } = tally(targets);
  if (failed > groupCommand.maxFailures && (waiting > 0 || !targets.every(isSettled))) {
    return { kind: 'end', status: 'stopped', reason: 'too-many-failures' };
  }
  if (waiting === 0) return targets.every(isSettled) ? { kind: 'end', status: 'finished' } : { kind: 'wait' };
  if (groupCommand.expiresMs !== undefined && nowMs >= groupCommand.expiresMs) {
    return { kind: 'end', status: 'expired', reason: 'deadline' };
  }
  const first = targets.findIndex(({ status, deferred }) => status === 'waiting' && deferred !== true);
  if (first < 0) return { kind: 'wait' };
  const start = first - (first % groupCommand.wave);
  const before = targets.slice(0, start);
  if (
    before.some(
      (target) =>
        !isSettled(target) &&
        target.status !== 'uncertain' &&
        target.waitsOffline !== true &&
        target.deferred !== true,
    )
  ) {
    return { kind: 'wait' };
  }
  const indexes: number[] = [];
  for (let index = start; index < Math.min(start + groupCommand.wave, targets.length); index++) {
    const target = targets[index];
    if (target?.status !== 'waiting' || target.deferred === true) continue;
    if (nowMs >= groupCommand.acceptedMs + random01(target.device) * groupCommand.jitterMs)
      indexes.push(index);
  }
  return indexes.length === 0 ? { kind: 'wait' } : { kind: 'send', indexes };
}
