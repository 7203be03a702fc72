/** Where the update of one device stands, and what a device may say of it. */

export const updateStates = [
  'pending',
  'offered',
  'downloading',
  'applying',
  'soaking',
  'succeeded',
  'failed',
  'rolled-back',
  'rejected',
  'timed-out',
  'cancelled',
  'skipped',
] as const;
export type UpdateState = (typeof updateStates)[number];

const unsettled: ReadonlySet<UpdateState> = new Set([
  'pending',
  'offered',
  'downloading',
  'applying',
  'soaking',
]);

/** Whether nothing changes it any more. */
export function isSettledUpdate(state: UpdateState): boolean {
  return !unsettled.has(state);
}

/** The words of `update-status`. `succeeded` is noted and never believed: success is what the next boots show. */
export const updateWords = [
  'waiting',
  'downloading',
  'verifying',
  'applying',
  'succeeded',
  'failed',
  'rejected',
] as const;
export type UpdateWord = (typeof updateWords)[number];

/** What a device does that a healthy one does not. */
export const troubleKinds = ['offline', 'rebooted', 'bad-readings', 'fewer-readings'] as const;
export type TroubleKind = (typeof troubleKinds)[number];

export const rolloutStatuses = ['running', 'paused', 'finished', 'stopped', 'cancelled'] as const;
export type RolloutStatus = (typeof rolloutStatuses)[number];
