import type { Presence } from '../../schemas/api/presence.ts';

/** Notified of each change of presence after it is on disk, in order. */
export interface PresenceFollower {
  presenceChanged(deviceId: string, presence: Presence): void;
  /** It is another hub's device: that hub has saved and published the change. */
  changedElsewhere?(deviceId: string, presence: Presence): void;
}
