/** Notified of each accepted reading and event, with its final time (Unix ms). Called on the hot path: it must not wait. */
export interface ReadingFollower {
  reading(deviceId: string, stream: string, timeMs: number, data: unknown): void;
  readings(deviceId: string, stream: string, samples: readonly { ts: number; data: unknown }[]): void;
  event(deviceId: string, name: string, severity: string, timeMs: number, data: unknown): void;
}

/** Notifies all followers, in the order in which they were added. */
export class ReadingFollowers implements ReadingFollower {
  readonly #followers: ReadingFollower[] = [];

  follow(...followers: readonly ReadingFollower[]): void {
    this.#followers.push(...followers);
  }

  reading(deviceId: string, stream: string, timeMs: number, data: unknown): void {
    for (const follower of this.#followers) follower.reading(deviceId, stream, timeMs, data);
  }

  readings(deviceId: string, stream: string, samples: readonly { ts: number; data: unknown }[]): void {
    for (const follower of this.#followers) follower.readings(deviceId, stream, samples);
  }

  event(deviceId: string, name: string, severity: string, timeMs: number, data: unknown): void {
    for (const follower of this.#followers) follower.event(deviceId, name, severity, timeMs, data);
  }
}
