/** Where a command can stand. Without a library, so that a browser takes it too. */

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
