import type { Reading } from '../../schemas/api/readings.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { LatestReadings } from '../telemetry/latest-readings.ts';
import type { ReadingFollower } from '../telemetry/reading-follower.ts';
import type { LiveFeed } from './live-feed.ts';

/** Keeps the newest reading of each stream, and hands each on to the live feed. On the hot path. */
export class ConsoleReadings implements ReadingFollower, DeviceFollower {
  readonly #latest: LatestReadings;
  readonly #feed: LiveFeed;

  constructor(latest: LatestReadings, feed: LiveFeed) {
    this.#latest = latest;
    this.#feed = feed;
  }

  reading(deviceId: string, stream: string, timeMs: number, data: unknown): void {
    this.#latest.note(deviceId, stream, timeMs, data);
    if (this.#feed.active) this.#feed.reading(deviceId, stream, timeMs, data as Reading['fields']);
  }

  readings(deviceId: string, stream: string, samples: readonly { ts: number; data: unknown }[]): void {
    for (const { ts, data } of samples) this.reading(deviceId, stream, ts, data);
  }

  event(): void {}

  removed(deviceId: string): void {
    this.#latest.forget(deviceId);
  }
}
