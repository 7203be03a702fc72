import packageJson from '../../package.json' with { type: 'json' };
import type { HubOperations } from '../adapters/http/routes/hub-routes.ts';
import { DayCounts } from '../admin/day-counts.ts';
import { FleetCourse } from '../admin/fleet-course.ts';
import { snapshotOf, totalsOf, type SnapshotParts } from '../admin/hub-snapshot.ts';
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
/** Each look takes the sample of its five minutes once. */
const fleetLookMs = 10_000;

/** The parts that are counted. */
export interface CountedParts {
  state: HubState;
  registry: Registry;
  sessions: Sessions;
  telemetry: Telemetry;
  presence: PresenceParts;
  commands: { dispatcher: Dispatcher };
  bus: Bus;
}

/** The parts of the hub at a glance. */
export function snapshotParts(hub: HubContext, deps: CountedParts): SnapshotParts {
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
    fleetCourse: createFleetCourse(hub, deps),
    clock,
    version: packageJson.version,
    startedMs: clock.now(),
    identity: deps.state.hubIdentity,
    registry,
    presence: presence.keeper,
    sessions,
    pipeline: telemetry,
    bus,
    dispatcher: deps.commands.dispatcher,
    throughput,
    loop: () => hub.eventLoop.load(),
    residentBytes,
  };
}

/** What operators ask of the hub as a whole. */
export function hubOperations(
  snapshot: SnapshotParts,
  hubClock: Pick<Telemetry['hubClock'], 'accept'>,
): HubOperations {
  return {
    hub: (mayShow) => snapshotOf(snapshot, mayShow),
    fleetCourse: () => snapshot.fleetCourse.samples(),
    acceptClock: () => hubClock.accept(),
  };
}

function createDayCounts(hub: HubContext, { state, sessions, telemetry, commands }: CountedParts): DayCounts {
  const counted = { ledger: telemetry.ledger, dispatcher: commands.dispatcher, sessions };
  const dayCounts = new DayCounts({
    clock: hub.clock,
    log: hub.log,
    store: state.stores.dayCounts,
    totals: () => totalsOf(counted),
  });
  keepSaving(hub, 'counts of the last day', dayCounts, dayCountsMs);
  return dayCounts;
}

function createFleetCourse(
  hub: HubContext,
  { state, presence }: Pick<CountedParts, 'state' | 'presence'>,
): FleetCourse {
  const fleetCourse = new FleetCourse({
    clock: hub.clock,
    log: hub.log,
    store: state.stores.fleetCourse,
    byState: () => presence.keeper.counts(),
    leads: () => state.leader.leads,
  });
  keepSaving(hub, 'devices by state', fleetCourse, fleetLookMs);
  return fleetCourse;
}
