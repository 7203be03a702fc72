import type { Bus } from '../bus/bus.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { knownFaults } from '../admin/readiness.ts';
import { eventLoopShare, watchEventLoopLag } from '../kernel/event-loop.ts';
import { heapBytes } from '../kernel/heap.ts';
import { SelfMonitoring } from '../telemetry/self-monitoring.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

interface Deps {
  state: HubState;
  telemetry: Telemetry;
  registry: Registry;
  sessions: Sessions;
  presence: PresenceKeeper;
  dispatcher: Dispatcher;
  bus: Bus;
}

/** Has the hub's own numbers written to the store; closed before the last drain, so that it owes nothing then. */
export function startSelfMonitoring({ clock, releasers }: HubContext, deps: Deps): SelfMonitoring {
  const { telemetry, registry, sessions, presence, dispatcher, bus } = deps;
  const { writer, ledger, link, spool, disk, hubClock } = telemetry;
  const { hubId } = deps.state.identity;
  const share = eventLoopShare();
  const lag = watchEventLoopLag();
  releasers.push('event loop lag', () => lag.close());
  const monitoring = new SelfMonitoring({
    clock,
    writer,
    ledger,
    hubId,
    read() {
      const { open, uncertain } = dispatcher.levels();
      const { size, maxSize } = spool.levels;
      const faults = Object.entries(knownFaults({ link, spool, disk, hubClock, bus }));
      return {
        devices: registry.size,
        online: presence.counts().online,
        sessions: sessions.connectionCount,
        commandsOpen: open,
        commandsUncertain: uncertain,
        spoolSize: size,
        spoolFill: size / maxSize,
        bufferFill: writer.fill,
        storeUp: link.up,
        busUp: bus.connected,
        faults: faults.filter(([, fault]) => fault !== undefined).map(([name]) => name),
        eventLoopLagMs: lag.read(),
        eventLoopShare: share(),
        heapBytes: heapBytes(),
      };
    },
  });
  monitoring.start();
  releasers.push('self-monitoring', () => monitoring.close());
  return monitoring;
}
