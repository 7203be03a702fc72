import type { TlsReload } from '../adapters/tls/tls-reload.ts';
import type { ListenerCounters } from '../adapters/websocket/device-listener.ts';
import type { Audit } from '../audit/audit.ts';
import type { Rotation } from '../identity/rotation.ts';
import type { Metrics } from '../kernel/metrics.ts';

/** The counts of the doors and of who goes through them, on the `/metrics` page. */
export function exposeSecurity(
  metrics: Metrics,
  parts: { listener: ListenerCounters; audit: Audit; rotation: Rotation; reload: TlsReload | undefined },
): void {
  const { listener, audit, rotation, reload } = parts;
  metrics.counter(
    'hub_socket_drops_total',
    'Sockets cut before any answer: too many of an address, too many or too slow before the upgrade',
    () => ({ ...listener.drops }),
    'cause',
  );
  metrics.counter(
    'hub_audit_entries_total',
    'Audit entries by what became of them',
    () => audit.counters,
    'outcome',
  );
  metrics.counter(
    'hub_rotations_total',
    'Secrets offered, and changed over to',
    () => rotation.counters,
    'step',
  );
  metrics.gauge('hub_rotations_due', 'Devices whose secret is to be changed', () => rotation.due().length);
  if (reload === undefined) return;
  metrics.counter('hub_tls_reloads_total', 'Renewed certificates', () => reload.counters, 'outcome');
  metrics.gauge(
    'hub_tls_expiry_seconds',
    'End of the device certificate, Unix s',
    () => reload.expiresMs / 1000,
  );
}
