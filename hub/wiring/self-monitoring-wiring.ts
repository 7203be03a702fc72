import { sampleOf } from '../admin/hub-sample.ts';
import type { Bus } from '../bus/bus.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { eventLoopShare } from '../kernel/event-loop.ts';
import { heapBytes } from '../kernel/heap.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { SelfMonitoring } from '../telemetry/self-monitoring.ts';
import type { HubContext } from './context.ts';
import type { PresenceParts } from './presence-wiring.ts';
import type { HubState } from './state-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

interface Deps {
  state: HubState;
  telemetry: Telemetry;
  registry: Registry;
  sessions: Sessions;
  presence: PresenceParts;
  commands: { dispatcher: Dispatcher };
  bus: Bus;
}

/** Has the hub's own numbers written to the store; closed before the last drain, so that it owes nothing then. */
export function startSelfMonitoring(hub: HubContext, deps: Deps): SelfMonitoring {
  const { clock, releasers } = hub;
  const { telemetry, registry, sessions, bus } = deps;
  const { keeper } = deps.presence;
  const { dispatcher } = deps.commands;
  const { writer, ledger } = telemetry;
  const eventLoop = { longestDelay: hub.eventLoop.longestDelay(), share: eventLoopShare() };
  const sampled = { ...telemetry, registry, sessions, keeper, dispatcher, bus, eventLoop, heapBytes };
  const { hubId } = deps.state.hubIdentity;
  const monitoring = new SelfMonitoring({ clock, writer, ledger, hubId, read: () => sampleOf(sampled) });
  monitoring.start();
  releasers.push('self-monitoring', () => monitoring.close());
  return monitoring;
}
