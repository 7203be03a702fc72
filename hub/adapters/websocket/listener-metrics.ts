import type { Metrics } from '../../kernel/metrics.ts';
import { exposeDrops } from '../socket-metrics.ts';
import type { ListenerCounters } from './device-listener.ts';

export function exposeListener(metrics: Metrics, counters: ListenerCounters): void {
  metrics.gauge('hub_connections', 'Open device sockets', () => counters.connections);
  metrics.counter('hub_upgrades_total', 'Sockets accepted', () => counters.upgrades);
  metrics.counter(
    'hub_tls_resumptions_total',
    'Of them, those that resumed a TLS session',
    () => counters.resumed,
  );
  metrics.counter(
    'hub_upgrade_refusals_total',
    'Connections refused before the upgrade, by HTTP status',
    () => counters.refusals,
    'status',
  );
  const { downloads } = counters;
  metrics.gauge('hub_downloads', 'Devices that download firmware', () => downloads.open);
  metrics.counter(
    'hub_download_bytes_total',
    'Bytes of firmware that went to devices',
    () => downloads.bytes,
  );
  metrics.counter(
    'hub_downloads_total',
    'Requests of devices for firmware, by what became of them',
    () => downloads.requests,
    'fate',
  );
  exposeDrops(metrics, counters.drops);
}
