import type { Metrics } from '../kernel/metrics.ts';
import type { Twins } from './twins.ts';

export function exposeTwins(
  metrics: Metrics,
  {
    twins,
    announcer,
    messages,
  }: {
    twins: Twins;
    announcer: { readonly failures: number };
    messages: { readonly counters: { readonly answersLost: number } };
  },
): void {
  metrics.gauge(
    'hub_twins',
    'Twins of which something was desired or reported, by where they stand',
    () => twins.counts(),
    'state',
  );
  metrics.counter('hub_twin_changes_total', 'Changes of desired states', () => twins.counters.changes);
  metrics.counter(
    'hub_twin_reports_total',
    'Reports of devices, by what became of them',
    () => {
      const { reports, refusedReports, reportsOverRate } = twins.counters;
      return { taken: reports, refused: refusedReports, 'over-rate': reportsOverRate };
    },
    'fate',
  );
  metrics.counter(
    'hub_twin_deliveries_total',
    'Desired states for connected devices, besides those in a welcome, by what became of them',
    () => twins.delivered,
    'fate',
  );
  metrics.counter(
    'hub_twin_write_failures_total',
    'Changes of twins that the state database did not take',
    () => twins.writeFailures,
  );
  metrics.counter(
    'hub_twin_state_failures_total',
    'Times the bus did not take a twin; it is published again with the next change, or when the bus is back',
    () => announcer.failures,
  );
  metrics.counter(
    'hub_twin_answers_lost_total',
    'Answers to MQTT requests about twins that the bus did not take',
    () => messages.counters.answersLost,
  );
}
