/** The states of one device's update, and the words in which a device reports it. */

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

/** Whether the state is final. */
export function isSettledUpdate(state: UpdateState): boolean {
  return !unsettled.has(state);
}

/** The words of `update-status`. `succeeded` is recorded, but proves nothing: only the next boots show success. */
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

/** Signs that a device is not well. */
export const troubleKinds = ['offline', 'rebooted', 'bad-readings', 'fewer-readings'] as const;
export type TroubleKind = (typeof troubleKinds)[number];

export const rolloutStatuses = ['running', 'paused', 'finished', 'stopped', 'cancelled'] as const;
export type RolloutStatus = (typeof rolloutStatuses)[number];
