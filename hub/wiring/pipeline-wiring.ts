import { diskSpace } from '../adapters/disk-space.ts';
import type { HubClock } from '../telemetry/clock/hub-clock.ts';
import { DiskReserve } from '../telemetry/disk-reserve.ts';
import { Ledger } from '../telemetry/ledger.ts';
import { SpoolEmptier } from '../telemetry/spool-emptier.ts';
import { SpoolAdoption } from '../telemetry/spool-adoption.ts';
import { Spool, spoolOptions } from '../telemetry/spool.ts';
import { StoreLink } from '../telemetry/store-link.ts';
import type { MetricsStore } from '../telemetry/store.ts';
import { Writer } from '../telemetry/writer.ts';
import type { HubContext } from './context.ts';
import { openSpool } from './spool-wiring.ts';
import type { SharedState } from './state/shared-state.ts';
import { openStore } from './store-wiring.ts';

/** Where points go: writer → store, or → spool while the store is away, which is emptied into the store later. */
export interface TelemetryPipeline {
  store: MetricsStore;
  link: StoreLink;
  spool: Spool;
  disk: DiskReserve;
  ledger: Ledger;
  writer: Writer;
}

/** What an earlier run has left in the spool goes to the store immediately. @throws HubError `database-failed` */
export async function openPipeline(
  hub: HubContext,
  hubClock: HubClock,
  shared: SharedState | undefined,
): Promise<TelemetryPipeline> {
  const { config, log, clock, random, releasers } = hub;
  const store = await openStore(hub, hubClock);
  releasers.push('metrics store', () => store.close());

  const space = () => diskSpace(config.dataDir);
  const disk = new DiskReserve({ clock, log, space }, config.diskReserveMib);
  await disk.start();
  releasers.push('disk reserve', () => disk.close());

  const ledger = new Ledger();
  const opened = await openSpool(hub, shared);
  const spool = new Spool({ store: opened.store, ledger, clock }, spoolOptions(config));
  await spool.load();

  const probeSample = async () => (await spool.head())?.lines ?? [];
  const link = new StoreLink({ store, clock, random, log, probeSample });
  const emptier = new SpoolEmptier({ link, spool, clock, log });
  releasers.push('spool emptier', () => emptier.close());
  if (opened.kind === 'shared') {
    // Closed before the emptier, which would wait for PostgreSQL.
    releasers.push('changes of the spool', () => opened.store.giveUp());
    const adoption = new SpoolAdoption({ spool, store: opened.store, log });
    await adoption.run();
    shared?.tenure.follow(adoption);
  }
  // Closed before the emptier, which waits for its write.
  releasers.push('store link', () => link.close());
  link.start();
  const writer = new Writer({
    link,
    spool,
    // Of the disk that holds the spool.
    disk: opened.kind === 'local' ? disk : { reached: false },
    storeIsLocal: store.bounded !== undefined,
    ledger,
    clock,
    log,
  });
  releasers.push('writer', () => writer.close());
  emptier.start();
  return { store, link, spool, disk, ledger, writer };
}
