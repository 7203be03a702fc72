import type { Reading } from '../../schemas/api/readings.ts';

/** The newest reading of every device and stream since the hub started. Keeps what was parsed; copies nothing. */
export class LatestReadings {
  readonly #devices = new Map<string, Map<string, Reading>>();

  /** An accepted reading. Late ones (backfill) change nothing. @param data as its schema has accepted it */
  note(deviceId: string, stream: string, timeMs: number, data: unknown): void {
    let streams = this.#devices.get(deviceId);
    if (streams === undefined) {
      streams = new Map();
      this.#devices.set(deviceId, streams);
    }
    const latest = streams.get(stream);
    const fields = data as Reading['fields'];
    if (latest === undefined) streams.set(stream, { timeMs, fields });
    else if (timeMs >= latest.timeMs) {
      latest.timeMs = timeMs;
      latest.fields = fields;
    }
  }

  of(deviceId: string, stream: string): Reading | undefined {
    return this.#devices.get(deviceId)?.get(stream);
  }

  forget(deviceId: string): void {
    this.#devices.delete(deviceId);
  }
}
