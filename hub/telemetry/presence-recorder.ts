import type { DeviceRecord } from '../devices/device-store.ts';
import type { Presence } from '../devices/presence.ts';
import type { Books } from './books.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from './line-protocol.ts';
import { OwnPoints } from './own-points.ts';
import type { Writer } from './writer.ts';

const encodePresence = compileFieldEncoder([
  { name: 'state', kind: 'string', tag: false },
  { name: 'reason', kind: 'string', tag: false },
  { name: 'online', kind: 'boolean', tag: false },
  { name: 'epoch', kind: 'integer', tag: false },
  { name: 'n', kind: 'integer', tag: false },
  { name: 'points', kind: 'integer', tag: false },
]);

/** Writes presence to the store: each change, and a snapshot now and then so that every window has a point. */
export class PresenceRecorder {
  readonly #points: OwnPoints;
  readonly #books: Books;
  readonly #recordOf: (deviceId: string) => DeviceRecord | undefined;

  constructor(deps: {
    writer: Writer;
    books: Books;
    recordOf: (deviceId: string) => DeviceRecord | undefined;
  }) {
    this.#points = new OwnPoints(deps);
    this.#books = deps.books;
    this.#recordOf = deps.recordOf;
  }

  /** @param timeMs Unix ms: of the change, or of the snapshot. */
  record(deviceId: string, presence: Presence, timeMs: number): void {
    const record = this.#recordOf(deviceId);
    // Removed while the change was on its way.
    if (record === undefined) return;
    const { state, reason, epoch, n } = presence;
    const type = record.type.slice(0, record.type.lastIndexOf('@'));
    const prefix = encodePrefix('presence', { device: deviceId, site: record.site, type });
    const online = state === 'online';
    const fields = encodePresence({ state, reason, online, epoch, n, points: this.#taken(deviceId) });
    this.#points.write(`${prefix}${fields} ${encodeTimeUs(timeMs)}`);
  }

  /** Points taken from the device since the hub started: one that does not rise shows a device that tells nothing. */
  #taken(deviceId: string): number {
    const account = this.#books.find(deviceId);
    return account === undefined ? 0 : account.received - account.rejected;
  }

  /** One point for every device, all with the same time (Unix ms). */
  snapshot(states: Iterable<readonly [string, Presence]>, timeMs: number): void {
    for (const [deviceId, presence] of states) this.record(deviceId, presence, timeMs);
  }
}
