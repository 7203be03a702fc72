import type { NackFrame } from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { NackedDevice } from '../sessions/nack.ts';
import type { LiveFeed } from './live-feed.ts';
import { NackLog } from './nack-log.ts';
import { Rejects } from './rejects.ts';

/** The refusals of devices: the last ones of each, counts by field and firmware, and a copy for the live feed. */
export class Refusals implements DeviceFollower {
  readonly log: NackLog;
  readonly rejects: Rejects;
  readonly #feed: LiveFeed;

  constructor(clock: Clock, feed: LiveFeed) {
    this.log = new NackLog(clock);
    this.rejects = new Rejects(clock);
    this.#feed = feed;
  }

  nacked(device: NackedDevice, frame: NackFrame, stream: string | undefined): void {
    const row = this.log.note(device, frame, stream);
    this.rejects.note(device, frame, stream, row.message);
    this.#feed.nacked(device.id, row);
  }

  removed(deviceId: string): void {
    this.log.forget(deviceId);
    this.rejects.forget(deviceId);
  }
}
