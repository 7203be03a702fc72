/** The states of presence and their reasons. Uses no library, so that a browser can load it too. */

export const presenceStates = [
  'never-seen',
  'online',
  'suspect',
  'offline',
  'sleeping',
  'overdue',
  'migrating',
  'unknown',
  'disabled',
] as const;
export type PresenceState = (typeof presenceStates)[number];

export const presenceReasons = [
  'registered',
  'session-opened',
  'session-replaced',
  'resumed',
  'heartbeat-late',
  'closed-without-bye',
  'connection-broke',
  'no-heartbeat',
  'link-lost',
  'bye',
  'slept-too-long',
  'hub-draining',
  'hub-restarted',
  'not-seen-since-restart',
  'disabled',
  'enabled',
] as const;
export type PresenceReason = (typeof presenceReasons)[number];
