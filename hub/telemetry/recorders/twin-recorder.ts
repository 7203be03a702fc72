import { typeName } from '../../../schemas/index.ts';
import type { TwinState } from '../../../schemas/twin/twin-states.ts';
import type { DeviceRecord } from '../../registry/device-store.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { Ledger } from '../ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import { HubPoints } from '../hub-points.ts';
import { OwnTimes } from './own-times.ts';
import type { Writer } from '../writer.ts';

const encodeTwin = compileFieldEncoder([
  { name: 'state', kind: 'string', tag: false },
  { name: 'inSync', kind: 'boolean', tag: false },
  { name: 'rev', kind: 'integer', tag: false },
  { name: 'lagMs', kind: 'float', tag: false },
]);

/** Writes where twins stand to the store, measurement `twin`: one point a change. */
export class TwinRecorder {
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

  /** @param standing `lagMs`: from the change of desired until it was in sync */
  twinMoved(
    deviceId: string,
    { state, rev, lagMs }: { state: TwinState; rev: number; lagMs?: number | undefined },
  ): void {
    const record = this.#recordOf(deviceId);
    // The device was removed in the meantime.
    if (record === undefined) return;
    const prefix = encodePrefix('twin', { device: deviceId, site: record.site, type: typeName(record.type) });
    const fields = encodeTwin({ state, inSync: state === 'in-sync', rev, lagMs });
    const timeMs = this.#times.next(deviceId, this.#clock.now());
    this.#points.write(`${prefix}${fields} ${encodeTimeUs(timeMs)}`);
  }

  /** The device is no longer registered. */
  removed(deviceId: string): void {
    this.#times.forget(deviceId);
  }
}
