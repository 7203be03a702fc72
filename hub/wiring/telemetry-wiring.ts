import type { Broadcaster, Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { Followers } from '../kernel/followers.ts';
import { plausibleAheadMs, releasedMs } from '../kernel/release-date.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import type { Registry } from '../registry/registry.ts';
import { AlarmRecorder } from '../telemetry/recorders/alarm-recorder.ts';
import { CommandRecorder } from '../telemetry/recorders/command-recorder.ts';
import { createFanOut } from '../telemetry/fan-out.ts';
import { HubClock } from '../telemetry/clock/hub-clock.ts';
import { Ingest } from '../telemetry/ingest.ts';
import { LoadShedding } from '../telemetry/load-shedding.ts';
import type { ReadingFollower } from '../telemetry/reading-follower.ts';
import { readingTimeLimits } from '../telemetry/reading-times.ts';
import { Reconciliation } from '../telemetry/reconciliation.ts';
import { exposeTelemetry } from '../telemetry/telemetry-metrics.ts';
import { RefusedRecorder } from '../telemetry/recorders/refused-recorder.ts';
import { TwinRecorder } from '../telemetry/recorders/twin-recorder.ts';
import { measurementsOf, Upkeep, upkeepOptions } from '../telemetry/upkeep.ts';
import type { HubContext } from './context.ts';
import { openPipeline, type TelemetryPipeline } from './pipeline-wiring.ts';
import type { HubState } from './state-wiring.ts';

export interface Telemetry extends TelemetryPipeline {
  hubClock: HubClock;
  shedding: LoadShedding;
  ingest: Ingest;
  /** Who is notified of accepted readings and events. */
  readingFollowers: Followers<ReadingFollower>;
  commandRecorder: CommandRecorder;
  twinRecorder: TwinRecorder;
  alarmRecorder: AlarmRecorder;
  refusedRecorder: RefusedRecorder;
  upkeep: Upkeep;
}

interface TelemetryDeps {
  state: HubState;
  registry: Registry;
  bus: Publisher & Broadcaster;
  topics: Topics;
}

/** Frame → ingest → the pipeline to the store, and what the hub writes there about presence and commands. */
export async function startTelemetry(hub: HubContext, deps: TelemetryDeps): Promise<Telemetry> {
  const { config, log, clock, metrics, releasers } = hub;
  const { registry, bus, topics } = deps;
  const { stores, catalog } = deps.state;
  const limits = readingTimeLimits(config);
  const hubClock = new HubClock(
    { clock, log, store: stores.hubClock },
    { ...limits, releasedMs, plausibleAheadMs },
  );
  await hubClock.start();
  releasers.push('hub clock', () => hubClock.close());
  const pipeline = await openPipeline(hub, hubClock, deps.state.shared);
  const { store, writer, ledger, spool } = pipeline;

  const reconciliation = new Reconciliation({ ledger, writer, spool, clock, log });
  reconciliation.start();
  releasers.push('reconciliation', () => reconciliation.close());

  const total = new TokenBucket(clock, config.totalMessagesPerSec);
  const shedding = new LoadShedding({ writer, total });
  const fanOut = createFanOut({ bus, topics, log, scope: config.fanOut });
  const readingFollowers = new Followers<ReadingFollower>();
  readingFollowers.follow(fanOut);
  const ingest = new Ingest(
    { writer, ledger, shedding, followers: readingFollowers.all, clock, hubClock },
    limits,
  );

  const recordOf = (deviceId: string) => registry.get(deviceId);
  const measurements = () => measurementsOf(catalog.all());
  const upkeep = new Upkeep(
    { store, progress: stores.upkeep, clock, hubClock, log, measurements },
    upkeepOptions(config, { store, disk: pipeline.disk, log }),
  );
  exposeTelemetry(metrics, { ...pipeline, reconciliation, upkeep, ingest, fanOut: fanOut.counters });
  const refusedRecorder = new RefusedRecorder({ clock, writer, ledger, hubId: deps.state.hubIdentity.hubId });
  refusedRecorder.start();
  releasers.push('refused readings', () => refusedRecorder.close());
  return {
    ...pipeline,
    hubClock,
    shedding,
    ingest,
    readingFollowers,
    commandRecorder: new CommandRecorder({ writer, ledger, recordOf }),
    twinRecorder: new TwinRecorder({ clock, writer, ledger, recordOf }),
    alarmRecorder: new AlarmRecorder({ clock, writer, ledger, recordOf }),
    refusedRecorder,
    upkeep,
  };
}
