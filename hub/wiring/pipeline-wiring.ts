import { join } from 'node:path';
import { openSpoolDatabase } from '../adapters/sqlite/spool-database.ts';
import type { Config } from '../config/config.ts';
import { openStore } from './parts-wiring.ts';
import type { Log } from '../kernel/log.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import { LoadShedding } from '../telemetry/load-shedding.ts';
import { createAudit, type Audit } from '../telemetry/reconciliation.ts';
import { Books } from '../telemetry/ledger.ts';
import { Drain } from '../telemetry/spool-drain.ts';
import { Spool } from '../telemetry/spool.ts';
import { StoreLink } from '../telemetry/store-link.ts';
import type { MetricsStore } from '../telemetry/store.ts';
import { Writer } from '../telemetry/writer.ts';

export interface StoreRoad {
  store: MetricsStore;
  link: StoreLink;
  spool: Spool;
  books: Books;
  writer: Writer;
  shedding: LoadShedding;
  audit: Audit;
}

export interface StoreRoadDeps {
  log: Log;
  clock: Clock;
  random: () => number;
  onFailure: (error: Error) => void;
  releasers: Releasers;
}

const auditEveryMs = 10_000;

/**
 * The road to the store: writer → store, or → spool while the store is away, and the drain from there to the
 * store. What an earlier run has left in the spool is drained first thing.
 * @throws HubError `database-failed`
 */
export async function openStoreRoad(config: Config, deps: StoreRoadDeps): Promise<StoreRoad> {
  const { log, clock, random, onFailure, releasers } = deps;
  const store = await openStore(config, { onFailure });
  releasers.push('metrics store', () => store.close());

  const books = new Books();
  const spoolDatabase = await openSpoolDatabase({ file: join(config.dataDir, 'spool.db'), onFailure });
  releasers.push('spool', () => spoolDatabase.close());
  const spool = new Spool({ store: spoolDatabase, books, clock }, spoolOptions(config));
  await spool.load();

  const link = new StoreLink({ store, clock, random, log });
  const drain = new Drain({ link, spool, clock, log });
  link.probeSample = async () => (await spool.head())?.lines ?? [];
  link.cameUp = () => drain.start();
  spool.filled = () => drain.start();
  releasers.push('drain', () => drain.close());
  // Closed before the drain, which waits for its write.
  releasers.push('store link', () => link.close());
  link.start();
  const writer = new Writer({ link, spool, books, clock, log });
  releasers.push('writer', () => writer.close());
  drain.start();

  const audit = createAudit({ books, writer, spool, log });
  const run = (): void => {
    audit.run().catch((error: unknown) => log.error({ err: error }, 'the books could not be audited'));
  };
  releasers.push('audit', clock.every(auditEveryMs, run));
  const total = new TokenBucket(clock, config.totalMessagesPerSec);
  return { store, link, spool, books, writer, shedding: new LoadShedding({ writer, total }), audit };
}

/** The bounds of what waits on disk. */
export function spoolOptions({ spoolMaxMib, deadLettersMax }: Config) {
  return { maxSize: spoolMaxMib * 1_048_576, maxDeadLetters: deadLettersMax };
}
