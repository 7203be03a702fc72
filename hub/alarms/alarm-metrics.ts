import type { Metrics } from '../kernel/metrics.ts';
import type { AlarmPublisher } from './alarm-publisher.ts';
import type { Alarms } from './alarms.ts';
import type { Webhooks } from './webhooks.ts';
import type { Silences } from './silences.ts';

export function exposeAlarms(
  metrics: Metrics,
  {
    alarms,
    silences,
    publisher,
    webhooks,
  }: { alarms: Alarms; silences: Silences; publisher: AlarmPublisher; webhooks: Webhooks },
): void {
  metrics.gauge(
    'hub_alarms',
    'Alarms that are not closed, by state; the silenced ones apart',
    () => ({ ...alarms.counts() }),
    'state',
  );
  metrics.counter('hub_alarms_raised_total', 'Alarms raised, by severity', () => alarms.raised, 'severity');
  metrics.counter(
    'hub_alarm_changes_lost_total',
    'Changes of alarms that did not reach the disk or the bus at once, and alarms beyond the bound, by fate',
    () => ({
      'not-saved': alarms.writeFailures,
      'not-published': publisher.failures,
      'too-many': alarms.tooMany,
    }),
    'fate',
  );
  metrics.counter(
    'hub_webhook_deliveries_total',
    'Alarms for webhooks, by what became of them: delivered, tried again, given up after a day, dropped because too many wait; and what became of those given up: revived, purged, pushed out by newer ones',
    () => webhooks.counters,
    'fate',
  );
  metrics.gauge(
    'hub_webhook_deliveries_waiting',
    'Alarms that webhooks have not taken yet',
    () => webhooks.waiting,
  );
  metrics.gauge('hub_silences', 'Silences of alarms now', () => silences.count);
}
