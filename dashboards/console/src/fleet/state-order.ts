import type { PresenceState } from '../../../../schemas/presence-states.ts';

/** As operators care: what is wrong comes first. */
export const stateOrder: readonly PresenceState[] = [
  'offline',
  'overdue',
  'suspect',
  'unknown',
  'migrating',
  'sleeping',
  'never-seen',
  'disabled',
  'online',
];
