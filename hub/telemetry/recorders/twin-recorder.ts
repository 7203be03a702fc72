import type { FieldSpec } from '../../../schemas/index.ts';
import type { TwinState } from '../../../schemas/twin/twin-states.ts';
import { compileFieldEncoder } from '../line-protocol.ts';
import { DevicePoints, type DevicePointsDeps } from './device-points.ts';

/** Of its measurement. */
export const twinFields: readonly FieldSpec[] = [
  { name: 'state', kind: 'string', tag: false },
  { name: 'inSync', kind: 'boolean', tag: false },
  { name: 'rev', kind: 'integer', tag: false },
  { name: 'lagMs', kind: 'float', tag: false },
];
const encodeTwin = compileFieldEncoder(twinFields);

/** Writes where twins stand to the store, measurement `twin`: one point a change. */
export class TwinRecorder {
  readonly #points: DevicePoints;

  constructor(deps: DevicePointsDeps) {
    this.#points = new DevicePoints(deps);
  }

  /** @param standing `lagMs`: from the change of desired until it was in sync */
  twinMoved(
    deviceId: string,
    { state, rev, lagMs }: { state: TwinState; rev: number; lagMs?: number | undefined },
  ): void {
    const fields = encodeTwin({ state, inSync: state === 'in-sync', rev, lagMs });
    this.#points.write(deviceId, 'twin', { fields });
  }

  /** The device is no longer registered. */
  removed(deviceId: string): void {
    this.#points.forget(deviceId);
  }
}
