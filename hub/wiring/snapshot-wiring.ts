import packageJson from '../../package.json' with { type: 'json' };
import type { SnapshotParts } from '../admin/hub-snapshot.ts';
import type { Bus } from '../bus/bus.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { watchEventLoop } from '../kernel/event-loop.ts';
import { residentBytes } from '../kernel/heap.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { Throughput } from '../telemetry/throughput.ts';
import type { HubContext } from './context.ts';
import type { PresenceParts } from './presence-wiring.ts';
import type { HubState } from './state-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

interface Deps {
  state: HubState;
  registry: Registry;
  sessions: Sessions;
  telemetry: Telemetry;
  presence: PresenceParts;
  commands: { dispatcher: Dispatcher };
  bus: Bus;
}

/** The parts of the hub at a glance. */
export function snapshotParts({ clock, releasers }: HubContext, deps: Deps): SnapshotParts {
  const { registry, sessions, telemetry, presence, bus } = deps;
  const throughput = new Throughput({
    clock,
    ledger: telemetry.ledger,
    frames: () => sessions.counters.frames,
  });
  throughput.start();
  releasers.push('throughput', () => throughput.close());
  const eventLoop = watchEventLoop(clock);
  releasers.push('event loop', () => eventLoop.close());
  return {
    clock,
    version: packageJson.version,
    startedMs: clock.now(),
    identity: deps.state.hubIdentity,
    registry,
    presence: presence.keeper,
    sessions,
    counters: sessions.counters,
    pipeline: telemetry,
    bus,
    dispatcher: deps.commands.dispatcher,
    throughput,
    loop: () => eventLoop.load(),
    residentBytes,
  };
}
