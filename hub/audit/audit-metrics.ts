import type { Metrics } from '../kernel/metrics.ts';
import type { Audit } from './audit.ts';

export function exposeAudit(metrics: Metrics, audit: Audit): void {
  metrics.counter(
    'hub_audit_entries_total',
    'Audit entries by what became of them',
    () => audit.counters,
    'outcome',
  );
}
