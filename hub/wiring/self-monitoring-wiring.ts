import type { Bus } from '../bus/bus.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { HubClock } from '../telemetry/hub-clock.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { knownFaults } from './readiness.ts';
import type { TelemetryPipeline } from './telemetry-wiring.ts';
import { eventLoopShare, watchEventLoopLag } from '../kernel/event-loop.ts';
import { heapBytes } from '../kernel/heap.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import { SelfMonitoring } from '../telemetry/self-monitoring.ts';

export interface MonitoredParts {
  clock: Clock;
  hubId: string;
  pipeline: TelemetryPipeline;
  registry: Registry;
  sessions: Sessions;
  presence: PresenceKeeper;
  dispatcher: Dispatcher;
  hubClock: HubClock;
  bus: Bus;
}

/** Has the hub's own numbers written to the store; closed before the last drain, so that it owes nothing then. */
export function startSelfMonitoring(parts: MonitoredParts, releasers: Releasers): SelfMonitoring {
  const { clock, hubId, pipeline, registry, sessions, presence, dispatcher, hubClock, bus } = parts;
  const { writer, ledger, link, spool } = pipeline;
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
      const faults = Object.entries(knownFaults({ link, spool, hubClock, bus }));
      return {
        devices: registry.size,
        online: presence.counts().online,
        sessions: sessions.connections().length,
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
