import type { Clock } from '../../schemas/time/clock.ts';
import type { DeviceWhy } from '../../schemas/api/presence.ts';
import type { Liveness } from '../presence/liveness.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { Registry } from '../registry/registry.ts';
import type { DeviceEvents } from '../presence/device-events.ts';
import { explain } from '../presence/why.ts';

/** @returns a function that explains a device's presence; it throws HubError `device-unknown` */
export function createWhy(deps: {
  clock: Clock;
  registry: Registry;
  events: DeviceEvents;
  liveness: Liveness;
  presence: PresenceKeeper;
}): (deviceId: string) => DeviceWhy {
  const { clock, registry, events, liveness, presence } = deps;
  return (deviceId) => {
    registry.require(deviceId);
    const recorded = events.of(deviceId);
    const { stalls } = liveness;
    const now = presence.get(deviceId);
    const why = explain({ presence: now, events: recorded, stalls, nowMs: clock.now() });
    return { id: deviceId, ...why, presence: now, events: recorded, stalls };
  };
}
