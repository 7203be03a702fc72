import type { DeviceType } from '../../schemas/index.ts';

/** Notified of what devices measure and report, once it is on its way to the store. */
export interface ReadingFollower {
  /**
   * Who takes the readings of one stream of a device. Asked for when a session begins and when device types change, so that a
   * reading costs no look-up.
   * @param type that the stream is of
   * @returns undefined: nobody does
   */
  followStream(deviceId: string, type: DeviceType, stream: string): StreamFollower | undefined;
  /** An accepted event, with its final time (Unix ms). Must not wait. */
  event(deviceId: string, name: string, severity: string, timeMs: number, data: unknown): void;
}

/** Notified of each accepted reading of one stream of one device, with its final time (Unix ms). Called on the hot path: it must not wait. */
export interface StreamFollower {
  reading(timeMs: number, data: unknown): void;
  readings(samples: readonly { ts: number; data: unknown }[]): void;
}
