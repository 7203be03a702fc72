import { typeName } from '../../schemas/index.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { PresenceFollower } from '../presence/presence-follower.ts';
import type { Ledger } from './ledger.ts';
import type { Presence } from '../../schemas/api/presence.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from './line-protocol.ts';
import { HubPoints } from './hub-points.ts';
import type { Writer } from './writer.ts';

const encodePresence = compileFieldEncoder([
  { name: 'state', kind: 'string', tag: false },
  { name: 'reason', kind: 'string', tag: false },
  { name: 'online', kind: 'boolean', tag: false },
  { name: 'epoch', kind: 'integer', tag: false },
  { name: 'n', kind: 'integer', tag: false },
  { name: 'points', kind: 'integer', tag: false },
]);

/** Changes as close as this differ by microseconds. */
const sameMomentUs = 1_000_000;

/** Writes presence to the store: each change, and regular snapshots so that every time window has a point. */
export class PresenceRecorder implements PresenceFollower {
  readonly #points: HubPoints;
  readonly #ledger: Ledger;
  readonly #recordOf: (deviceId: string) => DeviceRecord | undefined;

  /** Device → the time of its newest point, µs. */
  readonly #lastUs = new Map<string, number>();

  constructor(deps: {
    writer: Writer;
    ledger: Ledger;
    recordOf: (deviceId: string) => DeviceRecord | undefined;
  }) {
    this.#points = new HubPoints(deps);
    this.#ledger = deps.ledger;
    this.#recordOf = deps.recordOf;
  }

  presenceChanged(deviceId: string, presence: Presence): void {
    this.record(deviceId, presence, presence.sinceMs);
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
    const fields = encodePresence({ state, reason, online, epoch, n, points: this.#taken(deviceId) });
    this.#points.write(`${prefix}${fields} ${encodeTimeUs(this.#ownUs(deviceId, timeMs) / 1000)}`);
  }

  /** Points accepted from the device since the hub started. If it does not rise, the device sends no data. */
  #taken(deviceId: string): number {
    const account = this.#ledger.find(deviceId);
    return account === undefined ? 0 : account.received - account.rejected;
  }

  /** The device is no longer registered. */
  removed(deviceId: string): void {
    this.#lastUs.delete(deviceId);
  }

  /** Two changes within a millisecond would be one point, so each gets its own microsecond. */
  #ownUs(deviceId: string, timeMs: number): number {
    const givenUs = Math.round(timeMs * 1000);
    const nextUs = (this.#lastUs.get(deviceId) ?? 0) + 1;
    // A clock that was set back is believed, because the changes before it are far away.
    const ownUs = nextUs - givenUs > sameMomentUs ? givenUs : Math.max(givenUs, nextUs);
    this.#lastUs.set(deviceId, ownUs);
    return ownUs;
  }

  /** One point for every device, all with the same time (Unix ms) but for a microsecond. */
  snapshot(states: Iterable<readonly [string, Presence]>, timeMs: number): void {
    for (const [deviceId, presence] of states) this.record(deviceId, presence, timeMs);
  }
}
