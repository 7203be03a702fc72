import type { Metrics } from '../kernel/metrics.ts';
import type { Schedules } from './schedules.ts';

/** The counts of schedules on the `/metrics` page. */
export function exposeSchedules(metrics: Metrics, schedules: Pick<Schedules, 'counters'>): void {
  metrics.counter(
    'hub_schedule_times_total',
    'Times of schedules, by what became of them',
    () => ({ ...schedules.counters }),
    'fate',
  );
}
