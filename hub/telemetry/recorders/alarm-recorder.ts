import type { FieldSpec } from '../../../schemas/index.ts';
import type { AlarmView } from '../../../schemas/api/alarms.ts';
import { compileFieldEncoder } from '../line-protocol.ts';
import { DevicePoints, type DevicePointsDeps } from './device-points.ts';

/** Of its measurement. */
export const alarmFields: readonly FieldSpec[] = [
  { name: 'state', kind: 'string', tag: false },
  { name: 'active', kind: 'boolean', tag: false },
  { name: 'text', kind: 'string', tag: false },
  { name: 'value', kind: 'float', tag: false },
  { name: 'count', kind: 'integer', tag: false },
];
const encodeAlarm = compileFieldEncoder(alarmFields);

/** Writes each change of an alarm of a device to the store, measurement `alarm`. */
export class AlarmRecorder {
  readonly #points: DevicePoints;

  constructor(deps: DevicePointsDeps) {
    this.#points = new DevicePoints(deps);
  }

  alarmChanged({ device, source, severity, state, text, value, count }: AlarmView): void {
    // Faults of the hub itself are in measurement `hub`.
    if (device === null) return;
    const active = state === 'raised' || state === 'acknowledged';
    const fields = encodeAlarm({ state, active, text, value, count });
    this.#points.write(device, 'alarm', { tags: { severity, source }, fields });
  }

  /** The device is no longer registered. */
  removed(deviceId: string): void {
    this.#points.forget(deviceId);
  }
}
