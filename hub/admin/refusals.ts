import type { NackFrame } from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { NackRow } from '../../schemas/api/telemetry/rejects.ts';
import type { DeviceListStore } from '../kernel/device-lists.ts';
import type { Log } from '../kernel/log.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { NackedDevice } from '../sessions/nack.ts';
import type { RefusedRecorder } from '../telemetry/recorders/refused-recorder.ts';
import type { LiveFeed } from './live-feed.ts';
import { NackLog } from './nack-log.ts';
import { Rejects, type RejectStore } from './rejects.ts';

interface RefusalsDeps {
  clock: Clock;
  log: Log;
  stores: { nacks: DeviceListStore<NackRow>; rejects: RejectStore };
  /** Other hubs have the same stores. */
  shared: boolean;
  /** The metrics store's own count. */
  recorder: Pick<RefusedRecorder, 'note'>;
}

/** The refusals of devices: the last ones of each, counts by field and firmware, and a copy for the live feed. */
export class Refusals implements DeviceFollower {
  readonly log: NackLog;
  readonly rejects: Rejects;
  readonly #feed: LiveFeed;
  readonly #recorder: RefusalsDeps['recorder'];

  constructor(deps: RefusalsDeps, feed: LiveFeed) {
    const { clock, log, stores, shared } = deps;
    this.log = new NackLog({ clock, log, store: stores.nacks });
    this.rejects = new Rejects({ clock, log, store: stores.rejects, shared });
    this.#feed = feed;
    this.#recorder = deps.recorder;
  }

  nacked(device: NackedDevice, frame: NackFrame, stream: string | undefined): void {
    const row = this.log.note(device, frame, stream);
    const counted = this.rejects.note(device, frame, stream, row.message);
    if (counted !== undefined) this.#recorder.note(counted);
    this.#feed.nacked(device.id, row);
  }

  moved(deviceId: string): void {
    this.log.lists.changedElsewhere(deviceId);
  }

  removed(deviceId: string): void {
    this.log.forget(deviceId);
    this.rejects.forget(deviceId);
  }
}
