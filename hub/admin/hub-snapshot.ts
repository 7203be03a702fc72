import { closeReasons, type CloseReason } from '../../schemas/index.ts';
import type { Dependency, HubSnapshot } from '../../schemas/api/hub.ts';
import type { LiveCounts } from '../../schemas/api/live.ts';
import type { Bus } from '../bus/bus.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import { presenceStates } from '../../schemas/presence-states.ts';
import type { Registry } from '../registry/registry.ts';
import type { SessionCounters } from '../sessions/session-counters.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { HubClock } from '../telemetry/clock/hub-clock.ts';
import type { MetricsStore } from '../telemetry/store.ts';
import type { StoreLink } from '../telemetry/store-link.ts';
import type { Spool } from '../telemetry/spool.ts';
import type { Writer } from '../telemetry/writer.ts';
import type { EventLoopLoad } from '../kernel/event-loop.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { DayCounts } from './day-counts.ts';
import type { FleetCourse } from './fleet-course.ts';
import { imbalance, sumOf, type Ledger } from '../telemetry/ledger.ts';
import type { Throughput } from '../telemetry/throughput.ts';

export interface SnapshotParts {
  clock: Clock;
  /** Of the package. */
  version: string;
  startedMs: number;
  identity: { hubId: string; incarnation: string };
  registry: Registry;
  presence: PresenceKeeper;
  sessions: Sessions;
  pipeline: {
    store: MetricsStore;
    link: StoreLink;
    spool: Spool;
    ledger: Ledger;
    writer: Writer;
    hubClock: Pick<HubClock, 'doubted' | 'fault'>;
  };
  bus: Bus;
  dispatcher: Dispatcher;
  dayCounts: DayCounts;
  fleetCourse: FleetCourse;
  throughput: Throughput;
  loop: () => EventLoopLoad;
  /** Resident memory, bytes. */
  residentBytes: () => number;
}

/** Devices by state, and the rates. @param mayShow not given: of all devices */
export async function countsOf(
  { registry, presence, throughput }: Pick<SnapshotParts, 'registry' | 'presence' | 'throughput'>,
  mayShow?: MayShow,
): Promise<LiveCounts> {
  const rates = throughput.rates(mayShow);
  if (mayShow === undefined) return { byState: presence.counts(), devices: await registry.count(), ...rates };
  const byState: Record<string, number> = Object.fromEntries(presenceStates.map((state) => [state, 0]));
  let devices = 0;
  for await (const page of registry.pages()) {
    for (const { id } of page) {
      if (!mayShow(id)) continue;
      devices += 1;
      const { state } = presence.get(id);
      byState[state] = (byState[state] ?? 0) + 1;
    }
  }
  return { byState, devices, ...rates };
}

/**
 * The hub at a glance. Who may not see every device gets sums over those it may; totals by code or status are
 * known for all devices together alone, and left empty for it.
 */
export async function snapshotOf(parts: SnapshotParts, mayShow?: MayShow): Promise<HubSnapshot> {
  const { clock, version, startedMs, identity, sessions, pipeline, bus, dispatcher } = parts;
  const { ledger, writer, link, store, hubClock } = pipeline;
  const { byState, devices, ...rates } = await countsOf(parts, mayShow);
  const all = mayShow === undefined;
  const sum = all ? ledger.total : sumOf([...ledger.accounts()].filter(({ id }) => mayShow(id)));
  const { carried, received, stored, spooled, deadLettered, inFlight } = sum;
  return {
    name: 'device-hub',
    version,
    startedMs,
    nowMs: clock.now(),
    ...identity,
    devices: { total: devices, byState },
    sessions: sessions.openCount(mayShow),
    ...rates,
    ledger: {
      carried,
      received,
      stored,
      spooled,
      deadLettered,
      rejected: all ? { ...ledger.rejectedBy } : {},
      dropped: all ? { ...ledger.droppedBy } : {},
      inFlight,
      imbalance: imbalance(sum),
    },
    writer: { lines: writer.waiting, fill: writer.fill },
    spool: await spoolOf(pipeline.spool),
    eventLoop: parts.loop(),
    store: { ...part(store.name, link.up, link.fault), writeMs: link.writeMs },
    clock: part('clock of the machine', !hubClock.doubted, hubClock.fault),
    bus: { ...part(bus.kind, bus.connected, bus.fault), queued: bus.queued },
    closes: all ? closesByCode(sessions.counters) : {},
    losses: all ? { ...sessions.counters.losses } : {},
    lastDay: all ? parts.dayCounts.report() : { rejected: {}, commands: {}, closes: {}, losses: {} },
    commands: {
      open: all ? dispatcher.levels().open : dispatcher.openOf(mayShow),
      byStatus: all ? { ...dispatcher.counters.finals } : {},
    },
    memory: { rssBytes: parts.residentBytes() },
  };
}

async function spoolOf(spool: Spool): Promise<HubSnapshot['spool']> {
  const { lines, size, maxSize, deadLetters } = spool.levels;
  // The disk is asked only when there is an age to report; a disk that fails is in `fault`, and on /readyz.
  const measured = lines === 0 ? undefined : await spool.measured().catch(() => undefined);
  const fault = spool.fault === undefined ? {} : { fault: spool.fault };
  return { lines, size, maxSize, deadLetters, oldestMs: measured?.oldestMs ?? null, ...fault };
}

function part(name: string, up: boolean, reason: string | undefined): Dependency {
  return { name, up, ...(reason === undefined ? {} : { reason }) };
}

/** Counted since the start, of what `DayCounts` counts by the hour. */
export function totalsOf({
  ledger,
  dispatcher,
  sessions,
}: Pick<SnapshotParts, 'dispatcher' | 'sessions'> & { ledger: Ledger }): HubSnapshot['lastDay'] {
  return {
    rejected: { ...ledger.rejectedBy },
    commands: { ...dispatcher.counters.finals },
    closes: closesByCode(sessions.counters),
    losses: { ...sessions.counters.losses },
  };
}

/** Of the sessions that the hub closed. */
function closesByCode({ closes }: SessionCounters): Record<string, number> {
  const byCode: Record<string, number> = {};
  for (const [reason, count] of Object.entries(closes)) {
    const code = String(closeReasons[reason as CloseReason]);
    byCode[code] = (byCode[code] ?? 0) + count;
  }
  return byCode;
}
