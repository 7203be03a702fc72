import type { Reading } from '../../../schemas/api/telemetry/readings.ts';

/** The newest reading of one stream of a device. */
export class LatestOfStream {
  /** Undefined: none came since the hub started. Keeps what was parsed; copies nothing. */
  reading: Reading | undefined;

  /** An accepted reading. Late ones (backfill) change nothing. @param data as its schema has accepted it */
  note(timeMs: number, data: unknown): void {
    const fields = data as Reading['fields'];
    const { reading } = this;
    if (reading === undefined) this.reading = { timeMs, fields };
    else if (timeMs >= reading.timeMs) {
      reading.timeMs = timeMs;
      reading.fields = fields;
    }
  }
}

/** The newest reading of every device and stream since the hub started. */
export class LatestReadings {
  readonly #devices = new Map<string, Map<string, LatestOfStream>>();

  /** Where the readings of a stream are noted, whatever the session. */
  openStream(deviceId: string, stream: string): LatestOfStream {
    let streams = this.#devices.get(deviceId);
    if (streams === undefined) {
      streams = new Map();
      this.#devices.set(deviceId, streams);
    }
    let latest = streams.get(stream);
    if (latest === undefined) {
      latest = new LatestOfStream();
      streams.set(stream, latest);
    }
    return latest;
  }

  of(deviceId: string, stream: string): Reading | undefined {
    return this.#devices.get(deviceId)?.get(stream)?.reading;
  }

  /** Every device with the readings of its streams. */
  *all(): Generator<readonly [device: string, readings: readonly Reading[]]> {
    for (const [device, streams] of this.#devices)
      yield [device, [...streams.values()].flatMap(({ reading }) => reading ?? [])];
  }

  forget(deviceId: string): void {
    this.#devices.delete(deviceId);
  }
}
