import { typeName } from '../../../schemas/index.ts';
import type { DeviceRecord } from '../../registry/device-store.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { HubPoints } from '../hub-points.ts';
import type { Ledger } from '../ledger.ts';
import { encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import type { Writer } from '../writer.ts';
import { OwnTimes } from './own-times.ts';

export interface DevicePointsDeps {
  clock: Clock;
  writer: Writer;
  ledger: Ledger;
  recordOf: (deviceId: string) => DeviceRecord | undefined;
}

/** Points that the hub itself writes about devices: what changed, at the time it changed, each at a time of its own. */
export class DevicePoints {
  readonly #deps: DevicePointsDeps;
  readonly #points: HubPoints;
  readonly #times = new OwnTimes();

  constructor(deps: DevicePointsDeps) {
    this.#deps = deps;
    this.#points = new HubPoints(deps);
  }

  /**
   * Nothing is written of a device that was removed in the meantime.
   * @param tags besides the device's own (`device`, `site`, `type`)
   * @param fields as encoded for a line
   */
  write(
    deviceId: string,
    measurement: string,
    { tags = {}, fields }: { tags?: Readonly<Record<string, string>>; fields: string },
  ): void {
    const record = this.#deps.recordOf(deviceId);
    if (record === undefined) return;
    const own = { device: record.id, site: record.site, type: typeName(record.type) };
    const timeMs = this.#times.next(deviceId, this.#deps.clock.now());
    this.#points.write(`${encodePrefix(measurement, { ...own, ...tags })}${fields} ${encodeTimeUs(timeMs)}`);
  }

  /** The device is no longer registered. */
  forget(deviceId: string): void {
    this.#times.forget(deviceId);
  }
}
