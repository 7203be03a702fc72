import { join } from 'node:path';
import type { DeviceTypeCatalog } from '../../schemas/index.ts';
import { openSpoolDatabase } from '../adapters/sqlite/spool-database.ts';
import { createHubClockStore } from '../adapters/sqlite/sqlite-hub-clock-store.ts';
import type { Database } from '../adapters/sqlite/sqlite.ts';
import { createUpkeepProgress } from '../adapters/sqlite/upkeep-progress.ts';
import type { Broadcaster, Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../kernel/log.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import type { Registry } from '../registry/registry.ts';
import { CommandRecorder } from '../telemetry/command-recorder.ts';
import { createFanOut } from '../telemetry/fan-out.ts';
import { HubClock } from '../telemetry/hub-clock.ts';
import { Ingest } from '../telemetry/ingest.ts';
import { Ledger } from '../telemetry/ledger.ts';
import { LoadShedding } from '../telemetry/load-shedding.ts';
import { PresenceRecorder } from '../telemetry/presence-recorder.ts';
import { ReadingFollowers } from '../telemetry/reading-followers.ts';
import { Reconciliation } from '../telemetry/reconciliation.ts';
import { SpoolDrain } from '../telemetry/spool-drain.ts';
import { Spool } from '../telemetry/spool.ts';
import { StoreLink } from '../telemetry/store-link.ts';
import type { MetricsStore } from '../telemetry/store.ts';
import { exposeTelemetry } from '../telemetry/telemetry-metrics.ts';
import { measurementsOf, Upkeep } from '../telemetry/upkeep.ts';
import { Writer } from '../telemetry/writer.ts';
import { openStore } from './parts-wiring.ts';

/** Where points go: writer → store, or → spool while the store is away, and the drain from there to the store. */
export interface TelemetryPipeline {
  store: MetricsStore;
  link: StoreLink;
  spool: Spool;
  ledger: Ledger;
  writer: Writer;
}

export interface Telemetry extends TelemetryPipeline {
  hubClock: HubClock;
  shedding: LoadShedding;
  ingest: Ingest;
  /** Who is notified of accepted readings and events. */
  readings: ReadingFollowers;
  presence: PresenceRecorder;
  commands: CommandRecorder;
  upkeep: Upkeep;
  expose(metrics: Metrics): void;
}

interface TelemetryContext {
  config: Config;
  log: Log;
  clock: Clock;
  random: () => number;
  releasers: Releasers;
  onFailure: (error: Error) => void;
}

interface TelemetryDeps {
  state: Database;
  catalog: DeviceTypeCatalog;
  registry: Registry;
  bus: Publisher & Broadcaster;
  topics: Topics;
}

/** Frame → ingest → the pipeline to the store, and what the hub writes there about presence and commands. */
export async function startTelemetry(hub: TelemetryContext, deps: TelemetryDeps): Promise<Telemetry> {
  const { config, log, clock, releasers } = hub;
  const { state, catalog, registry, bus, topics } = deps;
  const pipeline = await openPipeline(hub);
  const { store, writer, ledger, spool } = pipeline;

  const reconciliation = new Reconciliation({ ledger, writer, spool, clock, log });
  reconciliation.start();
  releasers.push('reconciliation', () => reconciliation.close());
  const hubClock = new HubClock({ clock, log, store: createHubClockStore(state) });
  await hubClock.start();
  releasers.push('hub clock', () => hubClock.close());

  const total = new TokenBucket(clock, config.totalMessagesPerSec);
  const shedding = new LoadShedding({ writer, total, hubClock });
  const fanOut = createFanOut({ bus, topics, log, scope: config.fanOut });
  const readings = new ReadingFollowers();
  readings.follow(fanOut);
  const ingest = new Ingest(
    { writer, ledger, shedding, followers: readings, clock },
    { maxAgeMs: config.maxAgeSec * 1000, maxAheadMs: config.maxAheadSec * 1000 },
  );

  const recordOf = (deviceId: string) => registry.get(deviceId);
  const progress = createUpkeepProgress(state);
  const measurements = () => measurementsOf(catalog.all());
  const upkeep = new Upkeep({ store, progress, clock, log, measurements }, config);
  return {
    ...pipeline,
    hubClock,
    shedding,
    ingest,
    readings,
    presence: new PresenceRecorder({ writer, ledger, recordOf }),
    commands: new CommandRecorder({ writer, ledger, recordOf }),
    upkeep,
    expose: (metrics) =>
      exposeTelemetry(metrics, { ...pipeline, reconciliation, upkeep, fanOut: fanOut.counters }),
  };
}

/** The drain of what an earlier run has left in the spool starts immediately. @throws HubError `database-failed` */
async function openPipeline(hub: TelemetryContext): Promise<TelemetryPipeline> {
  const { config, log, clock, random, onFailure, releasers } = hub;
  const store = await openStore(config, { onFailure });
  releasers.push('metrics store', () => store.close());

  const ledger = new Ledger();
  const spoolDatabase = await openSpoolDatabase({ file: join(config.dataDir, 'spool.db'), onFailure });
  releasers.push('spool', () => spoolDatabase.close());
  const spool = new Spool({ store: spoolDatabase, ledger, clock }, spoolOptions(config));
  await spool.load();

  const probeSample = async () => (await spool.head())?.lines ?? [];
  const link = new StoreLink({ store, clock, random, log, probeSample });
  const drain = new SpoolDrain({ link, spool, clock, log });
  releasers.push('drain', () => drain.close());
  // Closed before the drain, which waits for its write.
  releasers.push('store link', () => link.close());
  link.start();
  const writer = new Writer({ link, spool, ledger, clock, log });
  releasers.push('writer', () => writer.close());
  drain.start();
  return { store, link, spool, ledger, writer };
}

/** The bounds of what waits on disk. */
export function spoolOptions({ spoolMaxMib, deadLettersMax }: Config) {
  return { maxSize: spoolMaxMib * 1_048_576, maxDeadLetters: deadLettersMax };
}
