import { join } from 'node:path';
import { openSpoolDatabase } from '../adapters/sqlite/spool-database.ts';
import type { Config } from '../config/config.ts';
import { openStore } from './parts-wiring.ts';
import type { Log } from '../kernel/log.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import { LoadShedding } from '../telemetry/load-shedding.ts';
import { createReconciliation, type Reconciliation } from '../telemetry/reconciliation.ts';
import { Ledger } from '../telemetry/ledger.ts';
import { SpoolDrain } from '../telemetry/spool-drain.ts';
import { Spool } from '../telemetry/spool.ts';
import { StoreLink } from '../telemetry/store-link.ts';
import type { MetricsStore } from '../telemetry/store.ts';
import { Writer } from '../telemetry/writer.ts';

export interface TelemetryPipeline {
  store: MetricsStore;
  link: StoreLink;
  spool: Spool;
  ledger: Ledger;
  writer: Writer;
  shedding: LoadShedding;
  reconciliation: Reconciliation;
}

export interface TelemetryPipelineDeps {
  log: Log;
  clock: Clock;
  random: () => number;
  onFailure: (error: Error) => void;
  releasers: Releasers;
}

const reconcileEveryMs = 10_000;

/**
 * The telemetry pipeline: writer → store, or → spool while the store is away, and the drain from there to the
 * store. The drain of what an earlier run has left in the spool starts immediately.
 * @throws HubError `database-failed`
 */
export async function openTelemetryPipeline(
  config: Config,
  deps: TelemetryPipelineDeps,
): Promise<TelemetryPipeline> {
  const { log, clock, random, onFailure, releasers } = deps;
  const store = await openStore(config, { onFailure });
  releasers.push('metrics store', () => store.close());

  const ledger = new Ledger();
  const spoolDatabase = await openSpoolDatabase({ file: join(config.dataDir, 'spool.db'), onFailure });
  releasers.push('spool', () => spoolDatabase.close());
  const spool = new Spool({ store: spoolDatabase, ledger, clock }, spoolOptions(config));
  await spool.load();

  const link = new StoreLink({ store, clock, random, log });
  const drain = new SpoolDrain({ link, spool, clock, log });
  link.probeSample = async () => (await spool.head())?.lines ?? [];
  link.cameUp = () => drain.start();
  spool.filled = () => drain.start();
  releasers.push('drain', () => drain.close());
  // Closed before the drain, which waits for its write.
  releasers.push('store link', () => link.close());
  link.start();
  const writer = new Writer({ link, spool, ledger, clock, log });
  releasers.push('writer', () => writer.close());
  drain.start();

  const reconciliation = createReconciliation({ ledger, writer, spool, log });
  const run = (): void => {
    reconciliation
      .run()
      .catch((error: unknown) => log.error({ err: error }, 'the ledger could not be reconciled'));
  };
  releasers.push('reconciliation', clock.every(reconcileEveryMs, run));
  const total = new TokenBucket(clock, config.totalMessagesPerSec);
  return {
    store,
    link,
    spool,
    ledger,
    writer,
    shedding: new LoadShedding({ writer, total }),
    reconciliation,
  };
}

/** The bounds of what waits on disk. */
export function spoolOptions({ spoolMaxMib, deadLettersMax }: Config) {
  return { maxSize: spoolMaxMib * 1_048_576, maxDeadLetters: deadLettersMax };
}
