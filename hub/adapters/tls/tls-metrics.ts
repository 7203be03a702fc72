import type { Metrics } from '../../kernel/metrics.ts';
import type { TlsReload } from './tls-reload.ts';

export function exposeTls(metrics: Metrics, reload: TlsReload): void {
  metrics.counter('hub_tls_reloads_total', 'Renewed certificates', () => reload.counters, 'outcome');
  metrics.gauge(
    'hub_tls_expiry_seconds',
    'End of the device certificate, Unix s',
    () => reload.expiresMs / 1000,
  );
}
