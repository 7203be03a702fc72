import packageJson from '../../package.json' with { type: 'json' };
import { DayCounts } from '../admin/day-counts.ts';
import { closesByCode, type SnapshotParts } from '../admin/hub-snapshot.ts';
import type { Bus } from '../bus/bus.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { residentBytes } from '../kernel/heap.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { Throughput } from '../telemetry/throughput.ts';
import type { HubContext } from './context.ts';
import type { PresenceParts } from './presence-wiring.ts';
import { keepSaving } from './saving.ts';
import type { HubState } from './state-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

const dayCountsMs = 10_000;

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
export function snapshotParts(hub: HubContext, deps: Deps): SnapshotParts {
  const { clock, releasers } = hub;
  const { registry, sessions, telemetry, presence, bus } = deps;
  const throughput = new Throughput({
    clock,
    ledger: telemetry.ledger,
    frames: () => sessions.counters.frames,
  });
  throughput.start();
  releasers.push('throughput', () => throughput.close());
  const dayCounts = createDayCounts(hub, deps);
  return {
    dayCounts,
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
    loop: () => hub.eventLoop.load(),
    residentBytes,
  };
}

function createDayCounts(hub: HubContext, { state, sessions, telemetry, commands }: Deps): DayCounts {
  const { counters } = sessions;
  const dayCounts = new DayCounts({
    clock: hub.clock,
    log: hub.log,
    store: state.stores.dayCounts,
    totals: () => ({
      rejected: { ...telemetry.ledger.rejectedBy },
      commands: { ...commands.dispatcher.counters.finals },
      closes: closesByCode(counters),
      losses: { ...counters.losses },
    }),
  });
  keepSaving(hub, 'counts of the last day', dayCounts, dayCountsMs);
  return dayCounts;
}
