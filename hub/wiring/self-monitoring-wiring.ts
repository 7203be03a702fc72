import type { Bus } from '../bus/bus.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { HubClock } from '../telemetry/hub-clock.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { Registry } from '../registry/registry.ts';
import { knownFaults } from './readiness.ts';
import type { StoreRoad } from './pipeline-wiring.ts';
import { eventLoopShare, watchEventLoopLag } from '../kernel/event-loop.ts';
import { heapBytes } from '../kernel/heap.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import { HubRecorder } from '../telemetry/self-monitoring.ts';

export interface RecordedParts {
  clock: Clock;
  hubId: string;
  road: StoreRoad;
  registry: Registry;
  presence: PresenceKeeper;
  dispatcher: Dispatcher;
  hubClock: HubClock;
  bus: Bus;
}

/** Has the hub's own numbers written to the store; closed before the last drain, so that it owes nothing then. */
export function startHubRecord(parts: RecordedParts, releasers: Releasers): HubRecorder {
  const { clock, hubId, road, registry, presence, dispatcher, hubClock, bus } = parts;
  const { writer, books, link, spool } = road;
  const share = eventLoopShare();
  const lag = watchEventLoopLag();
  releasers.push('event loop lag', () => lag.close());
  const recorder = new HubRecorder({
    clock,
    writer,
    books,
    hubId,
    read() {
      const { open, uncertain } = dispatcher.levels();
      const { size, maxSize } = spool.levels;
      const faults = Object.entries(knownFaults({ link, spool, hubClock, bus }));
      return {
        devices: registry.size,
        online: presence.counts().online,
        sessions: registry.connections().length,
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
  releasers.push('hub record', () => recorder.close());
  return recorder;
}
