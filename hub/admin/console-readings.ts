import type { Reading } from '../../schemas/api/telemetry/readings.ts';
import type { DeviceType } from '../../schemas/index.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { LatestOfStream, LatestReadings } from '../telemetry/history/latest-readings.ts';
import type { ReadingFollower, StreamFollower } from '../telemetry/reading-follower.ts';
import type { LiveFeed } from './live-feed.ts';

/** Keeps the newest reading of each stream, and hands each on to the live feed. */
export class ConsoleReadings implements ReadingFollower, DeviceFollower {
  readonly #latest: LatestReadings;
  readonly #feed: LiveFeed;

  constructor(latest: LatestReadings, feed: LiveFeed) {
    this.#latest = latest;
    this.#feed = feed;
  }

  followStream(deviceId: string, _type: DeviceType, stream: string): StreamFollower {
    return new ShownStream(deviceId, stream, this.#latest.openStream(deviceId, stream), this.#feed);
  }

  event(): void {}

  removed(deviceId: string): void {
    this.#latest.forget(deviceId);
  }
}

class ShownStream implements StreamFollower {
  readonly #deviceId: string;
  readonly #stream: string;
  readonly #latest: LatestOfStream;
  readonly #feed: LiveFeed;

  constructor(deviceId: string, stream: string, latest: LatestOfStream, feed: LiveFeed) {
    this.#deviceId = deviceId;
    this.#stream = stream;
    this.#latest = latest;
    this.#feed = feed;
  }

  reading(timeMs: number, data: unknown): void {
    this.#latest.note(timeMs, data);
    if (this.#feed.active)
      this.#feed.reading(this.#deviceId, this.#stream, timeMs, data as Reading['fields']);
  }

  readings(samples: readonly { ts: number; data: unknown }[]): void {
    for (const { ts, data } of samples) this.reading(ts, data);
  }
}
