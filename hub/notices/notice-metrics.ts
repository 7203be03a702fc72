import type { Metrics } from '../kernel/metrics.ts';
import type { Notices } from './notices.ts';

export function exposeNotices(metrics: Metrics, notices: Notices): void {
  metrics.counter(
    'hub_notices_total',
    'Notices to devices, by what became of them',
    () => notices.counters,
    'fate',
  );
}
