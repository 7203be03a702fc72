import { typeName, type FieldSpec } from '../../../schemas/index.ts';
import type { DeviceRecord } from '../../registry/device-store.ts';
import type { PresenceFollower } from '../../presence/presence-follower.ts';
import type { Ledger } from '../ledger.ts';
import type { Incident } from '../../../schemas/api/incidents.ts';
import type { Presence } from '../../../schemas/api/presence.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import { HubPoints } from '../hub-points.ts';
import { OwnTimes } from './own-times.ts';
import type { Writer } from '../writer.ts';

/** Of its measurement. */
export const presenceFields: readonly FieldSpec[] = [
  { name: 'state', kind: 'string', tag: false },
  { name: 'reason', kind: 'string', tag: false },
  { name: 'online', kind: 'boolean', tag: false },
  { name: 'epoch', kind: 'integer', tag: false },
  { name: 'n', kind: 'integer', tag: false },
  { name: 'points', kind: 'integer', tag: false },
  { name: 'explained', kind: 'boolean', tag: false },
];
const encodePresence = compileFieldEncoder(presenceFields);

/** Writes presence to the store: each change, and regular snapshots so that every time window has a point. */
export class PresenceRecorder implements PresenceFollower {
  readonly #points: HubPoints;
  readonly #ledger: Ledger;
  readonly #recordOf: (deviceId: string) => DeviceRecord | undefined;
  readonly #presence: (deviceId: string) => Presence | undefined;
  readonly #clock: Clock;
  readonly #explained: (deviceId: string) => boolean;
  readonly #times = new OwnTimes();

  constructor(deps: {
    writer: Writer;
    ledger: Ledger;
    clock: Clock;
    recordOf: (deviceId: string) => DeviceRecord | undefined;
    /** As it is now; undefined for a device that is not registered. */
    presence: (deviceId: string) => Presence | undefined;
    /** Whether an open incident of several devices explains that this one is away. */
    explained: (deviceId: string) => boolean;
  }) {
    this.#points = new HubPoints(deps);
    this.#ledger = deps.ledger;
    this.#recordOf = deps.recordOf;
    this.#presence = deps.presence;
    this.#clock = deps.clock;
    this.#explained = deps.explained;
  }

  presenceChanged(deviceId: string, presence: Presence): void {
    this.record(deviceId, presence, presence.sinceMs);
  }

  /**
   * A device that is away as part of an incident is marked, even when it was lost before the incident opened: whoever
   * raises alerts from the store raises one, and not one for each device.
   */
  incidentChanged(_incident: Incident, members: Iterable<string>): void {
    for (const deviceId of members) {
      const presence = this.#presence(deviceId);
      if (presence !== undefined) this.record(deviceId, presence, this.#clock.now());
    }
  }

  /** @param timeMs Unix ms: of the change, or of the snapshot. */
  record(deviceId: string, presence: Presence, timeMs: number): void {
    const record = this.#recordOf(deviceId);
    // The device was removed while the change was in progress.
    if (record === undefined) return;
    const { state, reason, epoch, n } = presence;
    const type = typeName(record.type);
    const prefix = encodePrefix('presence', { device: deviceId, site: record.site, type });
    const online = state === 'online';
    const explained = !online && this.#explained(deviceId);
    const fields = encodePresence({
      state,
      reason,
      online,
      epoch,
      n,
      points: this.#taken(deviceId),
      explained,
    });
    this.#points.write(`${prefix}${fields} ${encodeTimeUs(this.#times.next(deviceId, timeMs))}`);
  }

  /** Points accepted from the device since the hub started. If it does not rise, the device sends no data. */
  #taken(deviceId: string): number {
    const account = this.#ledger.find(deviceId);
    return account === undefined ? 0 : account.received - account.rejected;
  }

  /** The device is no longer registered. */
  removed(deviceId: string): void {
    this.#times.forget(deviceId);
  }

  /** One point for every device, all with the same time (Unix ms) but for a microsecond. */
  snapshot(states: Iterable<readonly [string, Presence]>, timeMs: number): void {
    for (const [deviceId, presence] of states) this.record(deviceId, presence, timeMs);
  }
}
