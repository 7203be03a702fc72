import type { Metrics } from '../kernel/metrics.ts';
import type { Scheduler } from './scheduler.ts';

export function exposeScheduler(metrics: Metrics, { counters }: Scheduler): void {
  metrics.counter('hub_job_runs_total', 'Scheduled runs', () => counters.runs);
  metrics.counter('hub_job_failures_total', 'Scheduled runs that failed', () => counters.failures);
  metrics.counter('hub_job_missed_total', 'Scheduled times missed', () => counters.missed);
}
