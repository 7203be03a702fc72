import { typeName } from '../../../schemas/index.ts';
import type { AlarmView } from '../../../schemas/api/alarms.ts';
import type { DeviceRecord } from '../../registry/device-store.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { Ledger } from '../ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import { HubPoints } from '../hub-points.ts';
import { OwnTimes } from './own-times.ts';
import type { Writer } from '../writer.ts';

const encodeAlarm = compileFieldEncoder([
  { name: 'state', kind: 'string', tag: false },
  { name: 'active', kind: 'boolean', tag: false },
  { name: 'text', kind: 'string', tag: false },
  { name: 'value', kind: 'float', tag: false },
  { name: 'count', kind: 'integer', tag: false },
]);

/** Writes each change of an alarm of a device to the store, measurement `alarm`. */
export class AlarmRecorder {
  readonly #points: HubPoints;
  readonly #clock: Clock;
  readonly #recordOf: (deviceId: string) => DeviceRecord | undefined;
  readonly #times = new OwnTimes();

  constructor(deps: {
    clock: Clock;
    writer: Writer;
    ledger: Ledger;
    recordOf: (deviceId: string) => DeviceRecord | undefined;
  }) {
    this.#points = new HubPoints(deps);
    this.#clock = deps.clock;
    this.#recordOf = deps.recordOf;
  }

  alarmChanged({ device, source, severity, state, text, value, count }: AlarmView): void {
    const record = device === null ? undefined : this.#recordOf(device);
    // Of the hub itself, whose faults are in measurement `hub`; or the device was removed in the meantime.
    if (record === undefined) return;
    const { id, site } = record;
    const type = typeName(record.type);
    const prefix = encodePrefix('alarm', { device: id, severity, site, source, type });
    const active = state === 'raised' || state === 'acknowledged';
    const fields = encodeAlarm({ state, active, text, value, count });
    this.#points.write(`${prefix}${fields} ${encodeTimeUs(this.#times.next(id, this.#clock.now()))}`);
  }

  /** The device is no longer registered. */
  removed(deviceId: string): void {
    this.#times.forget(deviceId);
  }
}
