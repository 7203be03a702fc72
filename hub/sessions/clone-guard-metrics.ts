import type { Metrics } from '../kernel/metrics.ts';
import type { CloneGuard } from './clone-guard.ts';

export function exposeCloneGuard(metrics: Metrics, clones: CloneGuard): void {
  metrics.counter(
    'hub_sessions_held_total',
    'Sessions not opened because two devices fight for one id',
    () => clones.held,
  );
}
