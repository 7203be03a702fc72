import type { Requester } from '../../../schemas/api/requester.ts';
import type { TargetStatus } from '../../../schemas/command-status.ts';
import type { JsonObject } from '../../../schemas/twin/merge-patch.ts';
import { decide, isSettled, type Decision, type Target } from '../../commands/group/group-command.ts';
import type { TwinStanding } from '../twins.ts';

/**
 * One change of desired for many devices, in the waves of a group command, as a pure decision over where its twins stand.
 *
 *   running ──no device is waiting, and every one that is connected has answered──▶ finished
 *      ├──more failures than allowed──▶ stopped
 *      └──on request──▶ cancelled
 *
 * A wave is done when its twins are in sync. A twin that is refused is a failure, and so is a device that is connected and does
 * not answer in time. A device that is not connected has its desired state waiting for it, and does not hold up the others. What
 * was set stays set, however the group twin ends.
 */
export interface GroupTwin {
  readonly id: string;
  /** As asked for: a selector. */
  readonly to: string;
  /** The name under which the selector is stored. */
  readonly group?: string | undefined;
  readonly patch: JsonObject;
  /** Devices in one wave. */
  readonly wave: number;
  /** With more failures than this it stops. */
  readonly maxFailures: number;
  /** How long a connected device may take to answer, s. */
  readonly settleSec: number;
  readonly acceptedMs: number;
  readonly requester: Requester;
  readonly status: 'running' | 'finished' | 'stopped' | 'cancelled';
  readonly reason?: string | undefined;
  readonly endedMs?: number | undefined;
}

export interface GroupTwinRecord {
  readonly groupTwin: GroupTwin;
  /** In the order of their waves. */
  readonly targets: readonly Target[];
}

/** Where a device that was set stands now. @param standing undefined: the device is gone; `away`: it is known not to be there */
export function followed(
  target: Target,
  standing: (TwinStanding & { away: boolean }) | undefined,
  settleSec: number,
  nowMs: number,
): Target {
  const become = (status: TargetStatus, reason?: string): Target => ({
    device: target.device,
    status,
    reason,
    waitsOffline: status === 'queued',
  });
  if (standing === undefined) return become('cancelled', 'device-removed');
  const { state, sinceMs, away } = standing;
  if (state === 'in-sync') return become('succeeded');
  if (state === 'refused') return become('failed', 'refused');
  // A device that was there when the hub or its link went may be back any moment: the next wave does not begin without it.
  if (state === 'waiting') return become(away ? 'queued' : 'sent');
  return nowMs - sinceMs > settleSec * 1000 ? become('failed', 'no-answer') : become('sent');
}

/** What a running group twin does next. */
export function decideTwins(groupTwin: GroupTwin, targets: readonly Target[], nowMs: number): Decision {
  const decision = decide({ ...groupTwin, jitterMs: 0 }, targets, nowMs, () => 0);
  if (decision.kind !== 'wait' || targets.some(({ status }) => status === 'waiting')) return decision;
  const isDone = targets.every((target) => isSettled(target) || target.waitsOffline === true);
  return isDone ? { kind: 'end', status: 'finished' } : decision;
}
