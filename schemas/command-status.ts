/** The statuses of a command. Uses no library, so that a browser can load it too. */

export const finalStatuses = ['succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'lost'] as const;
/** The status never changes again. */
export type FinalStatus = (typeof finalStatuses)[number];

export const commandStatuses = [
  'accepted',
  'queued',
  'sent',
  'received',
  'running',
  'uncertain',
  ...finalStatuses,
] as const;
export type CommandStatus = (typeof commandStatuses)[number];

/** The statuses of a device in a group command. `waiting`: its command is not submitted yet; `skipped`: it never will be. */
export const targetStatuses = [...commandStatuses, 'waiting', 'skipped'] as const;
export type TargetStatus = (typeof targetStatuses)[number];

export function isFinal(status: TargetStatus): status is FinalStatus {
  return (finalStatuses as readonly TargetStatus[]).includes(status);
}

/** Ended without success, or uncertain. It counts towards the failures that a group command allows. */
export function isFailure(status: TargetStatus): boolean {
  return status === 'uncertain' || (isFinal(status) && status !== 'succeeded');
}
