/** Notified of each accepted reading and event, with its final time (Unix ms). Called on the hot path: it must not wait. */
export interface ReadingFollower {
  reading(deviceId: string, stream: string, timeMs: number, data: unknown): void;
  readings(deviceId: string, stream: string, samples: readonly { ts: number; data: unknown }[]): void;
  event(deviceId: string, name: string, severity: string, timeMs: number, data: unknown): void;
}
