import type { Clock } from '../../schemas/time/clock.ts';
import type { DeviceWhy } from '../../schemas/api/presence.ts';
import type { CutConnections } from '../incidents/cut-connections.ts';
import type { Liveness } from '../presence/liveness.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { Registry } from '../registry/registry.ts';
import type { MissingTypes } from '../registry/missing-types.ts';
import type { DeviceEvents } from '../presence/device-events.ts';
import type { Spool } from '../telemetry/spool.ts';
import { explain } from '../presence/why.ts';

/** @returns a function that explains a device's presence; it throws HubError `device-unknown` */
export function createWhy(deps: {
  clock: Clock;
  registry: Registry;
  events: DeviceEvents;
  liveness: Liveness;
  keeper: PresenceKeeper;
  spool: Pick<Spool, 'droppedOf'>;
  cuts: Pick<CutConnections, 'text'>;
  missingTypes: Pick<MissingTypes, 'textOf'>;
}): (deviceId: string) => Promise<DeviceWhy> {
  const { clock, registry, events, liveness, keeper, spool, cuts, missingTypes } = deps;
  return async (deviceId) => {
    const { type } = await registry.found(deviceId);
    const recorded = await events.of(deviceId);
    const { stalls } = liveness;
    const now = keeper.get(deviceId);
    const why = explain({ presence: now, events: recorded, stalls, nowMs: clock.now() });
    const dropped = spool.droppedOf(deviceId);
    const cut = now.state === 'online' ? undefined : cuts.text;
    const more = [cut, missingTypes.textOf(type), dropped === 0 ? undefined : droppedText(dropped)];
    const text = [why.text, ...more].filter((sentence) => sentence !== undefined).join(' ');
    return { id: deviceId, ...why, text, presence: now, events: recorded, stalls };
  };
}

function droppedText(dropped: number): string {
  return (
    `The store refused more of its readings than its share of the dead letters holds, so ${dropped} of them were dropped. ` +
    'See its dead letters for the reason, correct it, then retry or purge them.'
  );
}
