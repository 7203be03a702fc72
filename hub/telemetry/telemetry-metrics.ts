import type { Metrics } from '../kernel/metrics.ts';
import type { FanOutCounters } from './fan-out.ts';
import { imbalance, type Ledger } from './ledger.ts';
import type { Reconciliation } from './reconciliation.ts';
import type { DiskReserve } from './disk-reserve.ts';
import type { Spool } from './spool.ts';
import type { StoreLink } from './store-link.ts';
import type { Upkeep } from './upkeep.ts';

export interface TelemetryMetricsSources {
  ledger: Ledger;
  spool: Spool;
  disk: Pick<DiskReserve, 'free'>;
  link: StoreLink;
  reconciliation: Reconciliation;
  upkeep: Upkeep;
  fanOut: FanOutCounters;
  ingest: { nullFields: number };
}

/** The counts of telemetry on the `/metrics` page. */
export function exposeTelemetry(metrics: Metrics, sources: TelemetryMetricsSources): void {
  const { upkeep, fanOut, ingest } = sources;
  exposePoints(metrics, sources);
  exposeStore(metrics, sources);
  metrics.gauge(
    'hub_rolled_up_to_seconds',
    'Unix time up to which readings are rolled up',
    () => upkeep.rolledUpToMs / 1000,
  );
  metrics.counter(
    'hub_null_fields_total',
    'Fields of readings that were null and left out',
    () => ingest.nullFields,
  );
  metrics.counter('hub_fan_out_total', 'Readings and events published', () => fanOut.published);
  metrics.counter('hub_fan_out_dropped_total', 'Readings and events not published', () => fanOut.dropped);
}

function exposePoints(
  metrics: Metrics,
  { ledger, reconciliation }: Pick<TelemetryMetricsSources, 'ledger' | 'reconciliation'>,
): void {
  const { total } = ledger;
  metrics.gauge(
    'hub_points_carried',
    'Points that waited when the hub started, or that it took over from hubs that have ended',
    () => total.carried,
  );
  metrics.counter('hub_points_received_total', 'Points received or made', () => total.received);
  metrics.counter(
    'hub_points_rejected_total',
    'Points refused by the hub, by nack code',
    () => ledger.rejectedBy,
    'code',
  );
  metrics.counter('hub_points_dropped_total', 'Points lost, by cause', () => ledger.droppedBy, 'cause');
  metrics.counter('hub_points_stored_total', 'Points in the store', () => total.stored);
  metrics.gauge('hub_points_in_flight', 'Points on their way to the store', () => total.inFlight);
  metrics.gauge('hub_points_spooled', 'Points in the spool', () => total.spooled);
  metrics.gauge(
    'hub_points_dead_lettered',
    'Points that the store rejected permanently',
    () => total.deadLettered,
  );
  metrics.gauge('hub_points_imbalance', 'Anything but 0 is a fault of the hub', () => imbalance(total));
  metrics.counter(
    'hub_reconciliation_failures_total',
    'Reconciliations that found the ledger differing from the buffer or the disk',
    () => reconciliation.failures,
  );
}

function exposeStore(
  metrics: Metrics,
  { spool, disk, link }: Pick<TelemetryMetricsSources, 'spool' | 'disk' | 'link'>,
): void {
  metrics.gauge('hub_spool_bytes', 'Size of the spooled lines', () => spool.levels.size);
  metrics.gauge(
    'hub_spool_wait_seconds',
    'How long the oldest spooled line has been waiting',
    () => spool.waitMs / 1000,
  );
  metrics.gauge('hub_disk_free_bytes', 'Free space of the disk with the data folder', () => disk.free);
  metrics.gauge('hub_store_up', '1 while the store can be written to', () => (link.up ? 1 : 0));
  metrics.gauge(
    'hub_store_write_seconds',
    'How long a write to the store takes lately',
    () => (link.writeMs ?? 0) / 1000,
  );
  metrics.counter('hub_store_outages_total', 'Times the store went away', () => link.counters.outages);
  metrics.counter('hub_store_writes_total', 'Writes to the store', () => link.counters.writes);
  metrics.counter('hub_store_write_failures_total', 'Writes that failed', () => link.counters.failedWrites);
}
