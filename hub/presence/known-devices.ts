import type { DeviceType, DeviceTypeCatalog } from '../../schemas/index.ts';
import type { LinkTiming } from './watched-link.ts';

/**
 * The device's own heartbeat wins, up to the longest its type allows. Grace is then half of it, as for a type without a
 * grace of its own.
 */
export function timingOf({ presence }: DeviceType, wishSec = presence.heartbeatSec): LinkTiming {
  const heartbeatSec = Math.min(wishSec, presence.maxHeartbeatSec);
  const graceSec = heartbeatSec === presence.heartbeatSec ? presence.graceSec : heartbeatSec / 2;
  return { heartbeatMs: heartbeatSec * 1000, graceMs: graceSec * 1000 };
}

/** For a device whose type is no longer there. */
const lostTypeTiming: LinkTiming = { heartbeatMs: 60_000, graceMs: 30_000 };

/** Registered devices with the timing of their types. */
export function knownDevices<Device extends { type: string }>(
  records: readonly Device[],
  catalog: DeviceTypeCatalog,
): (Device & { timing: LinkTiming })[] {
  return records.map((record) => {
    const type = catalog.get(record.type);
    return { ...record, timing: type === undefined ? lostTypeTiming : timingOf(type) };
  });
}
