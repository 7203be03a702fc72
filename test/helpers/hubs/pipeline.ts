import type { Log } from '../../../hub/kernel/log.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { TokenBucket } from '../../../hub/kernel/token-bucket.ts';
import { LoadShedding } from '../../../hub/telemetry/load-shedding.ts';
import { Ledger } from '../../../hub/telemetry/ledger.ts';
import { SpoolEmptier } from '../../../hub/telemetry/spool-emptier.ts';
import { Spool, type SpoolOptions } from '../../../hub/telemetry/spool.ts';
import { StoreLink } from '../../../hub/telemetry/store-link.ts';
import type { MetricsStore } from '../../../hub/telemetry/store.ts';
import { defaultWriterOptions, Writer, type WriterOptions } from '../../../hub/telemetry/writer.ts';
import { MemorySpool } from '../devices/memory-spool.ts';

export interface TestPipelineOptions {
  writer?: Partial<WriterOptions>;
  spool?: Partial<SpoolOptions>;
  /** True when not given. */
  storeIsLocal?: boolean;
  /** Data frames a second, of all devices together. */
  totalMessagesPerSec?: number;
}

/** A pipeline to a store, wired as the hub wires it, with the spool in memory. */
export function testPipeline(
  deps: { store: Pick<MetricsStore, 'write' | 'probe'>; clock: Clock; log: Log },
  options: TestPipelineOptions = {},
) {
  const { store, clock, log } = deps;
  const ledger = new Ledger();
  const disk = new MemorySpool();
  const spool = new Spool(
    { store: disk, ledger, clock },
    { maxSize: 1_000_000_000, maxDeadLetters: 100_000, ...options.spool },
  );
  const reserve = { reached: false };
  const probeSample = async () => (await spool.head())?.lines ?? [];
  const link = new StoreLink({ store, clock, random: () => 0.5, log, probeSample });
  const emptier = new SpoolEmptier({ link, spool, clock, log });
  const writer = new Writer(
    { link, spool, disk: reserve, storeIsLocal: options.storeIsLocal ?? true, ledger, clock, log },
    { ...defaultWriterOptions, ...options.writer },
  );
  const total = new TokenBucket(clock, options.totalMessagesPerSec ?? 1_000_000);
  const close = async (): Promise<void> => {
    writer.close();
    link.close();
    await emptier.close();
  };
  const shedding = new LoadShedding({ writer, total });
  return { ledger, disk, spool, link, emptier, writer, shedding, reserve, close };
}
