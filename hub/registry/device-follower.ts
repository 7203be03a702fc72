import type { DeviceMove, DeviceRecord } from './device-store.ts';

/** What has changed about a device. */
export type DeviceChange = 'labels' | 'credentials' | 'disabled';

/**
 * Keeps something about each registered device. Followers are called in the order given to `Registry.follow`. An
 * error of a follower is thrown to the caller who asked for the change.
 */
export interface DeviceFollower {
  /** @param byOther another hub did it, and cares for what follows */
  registered?(record: DeviceRecord, byOther: boolean): void;
  /** A session of it opens here, and it had been another hub's until now. */
  moved?(deviceId: string, epoch: number, move: DeviceMove): void;
  /** The device may not connect any more, or may again. `changed` is called next. */
  disabled?(deviceId: string, disabled: boolean): void;
  changed?(record: DeviceRecord, what: DeviceChange): void;
  /** The device is no longer registered. The next follower is called when this one has removed what it keeps. */
  removed?(deviceId: string): void | Promise<void>;
}
