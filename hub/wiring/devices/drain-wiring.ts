import type { DeviceListener } from '../../adapters/websocket/device-listener.ts';
import { otherHubs } from '../../cluster/hub-start.ts';
import { drainSessions, slotsOf } from '../../sessions/session-drain.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { RefusedRecorder } from '../../telemetry/recorders/refused-recorder.ts';
import type { SelfMonitoring } from '../../telemetry/self-monitoring.ts';
import type { Writer } from '../../telemetry/writer.ts';
import type { HubContext } from '../context.ts';
import type { IncidentParts } from '../incidents-wiring.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import type { SharedState } from '../state/shared-state.ts';

/** How long a stop waits for sessions to settle what they sent, and then for the store to take what is under way, ms. */
const settleMs = 2_500;
const drainMs = 5_000;

/**
 * Stops in good order: no new device · each device sent away with its slot · presence and incidents on disk and
 * published · what is under way stored or spooled · every part closed, last started first.
 */
export async function drainHub(
  { config, clock, random, releasers }: HubContext,
  deps: {
    listener: DeviceListener;
    sessions: Sessions;
    presence: PresenceParts;
    incidents: IncidentParts;
    monitoring: SelfMonitoring;
    telemetry: { writer: Writer; refusedRecorder: RefusedRecorder };
    shared: SharedState | undefined;
  },
): Promise<{ lost: number; faults: { name: string; error: unknown }[] }> {
  const { listener, sessions, presence, incidents, monitoring, shared } = deps;
  const others = shared === undefined ? [] : otherHubs(shared.tenure.hubs, shared.me);
  const slots = slotsOf(config, sessions.connections().length, others.length);
  listener.stopAccepting(() => slots.randomMs(random));
  await drainSessions({ sessions, clock, random }, { ...slots, settleMs });
  await presence.keeper.settled();
  await incidents.settled();
  monitoring.close();
  deps.telemetry.refusedRecorder.close();
  const [lost] = await Promise.all([
    deps.telemetry.writer.drain(drainMs),
    presence.announcer.settled(clock, settleMs),
  ]);
  return { lost, faults: await releasers.closeAll() };
}
