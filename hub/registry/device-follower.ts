import type { DeviceRecord } from './device-store.ts';

/** What of a device is different now. */
export type DeviceChange = 'labels' | 'credentials' | 'disabled';

/**
 * Keeps something of each registered device. Followers are called in the order in which they were given to
 * `Registry.follow`; what one throws is thrown to whoever asked for the change.
 */
export interface DeviceFollower {
  registered?(record: DeviceRecord): void;
  /** The device may not connect any more, or may again. `changed` is called next. */
  disabled?(deviceId: string, disabled: boolean): void;
  changed?(record: DeviceRecord, what: DeviceChange): void;
  /** It is no longer registered. The next follower is called when this one has ended what it keeps of the device. */
  removed?(deviceId: string): void | Promise<void>;
}
