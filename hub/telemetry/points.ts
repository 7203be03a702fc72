import type { Presence } from '../devices/presence.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from './line-protocol.ts';

/** Points the hub writes about devices on its own account. */

export interface PointTags {
  device: string;
  /** Without the version. */
  type: string;
  site: string;
}

const encodePresence = compileFieldEncoder([
  { name: 'state', kind: 'string', tag: false },
  { name: 'reason', kind: 'string', tag: false },
  { name: 'epoch', kind: 'integer', tag: false },
  { name: 'n', kind: 'integer', tag: false },
  { name: 'online', kind: 'boolean', tag: false },
]);

/** A line of measurement `presence`. @param timeMs Unix ms: of the change, or of the snapshot. */
export function presenceLine(tags: PointTags, presence: Presence, timeMs: number): string {
  const { state, reason, epoch, n } = presence;
  const fields = encodePresence({ state, reason, epoch, n, online: state === 'online' });
  return `${encodePrefix('presence', { ...tags })}${fields} ${encodeTimeUs(timeMs)}`;
}
