import type { Metrics } from '../../kernel/metrics.ts';
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
  metrics.counter(
    'hub_socket_drops_total',
    'Sockets cut before any answer: too many of an address, too many or too slow before the upgrade',
    () => ({ ...counters.drops }),
    'cause',
  );
}
