import type { Presence } from '../../schemas/api/presence.ts';

/** Notified of each change of presence after it is on disk, in order. */
export interface PresenceFollower {
  presenceChanged(deviceId: string, presence: Presence): void;
}

/** Notifies all followers, in the order in which they were added. */
export class PresenceFollowers implements PresenceFollower {
  readonly #followers: PresenceFollower[] = [];

  follow(...followers: readonly PresenceFollower[]): void {
    this.#followers.push(...followers);
  }

  presenceChanged(deviceId: string, presence: Presence): void {
    for (const follower of this.#followers) follower.presenceChanged(deviceId, presence);
  }
}
