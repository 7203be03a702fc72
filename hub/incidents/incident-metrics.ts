import type { Metrics } from '../kernel/metrics.ts';
import type { IncidentLog } from './incident-log.ts';
import type { Incidents } from './incidents.ts';

export function exposeIncidents(
  metrics: Metrics,
  { incidents, lost }: { incidents: Incidents; lost: IncidentLog['lost'] },
): void {
  metrics.counter('hub_incidents_total', 'Incidents opened, by kind', () => incidents.counters, 'kind');
  metrics.gauge('hub_incidents_open', 'Incidents open now, by kind', () => incidents.openByKind(), 'kind');
  metrics.counter(
    'hub_incident_changes_lost_total',
    'Changes of incidents that did not reach the disk or the bus',
    () => lost,
    'fate',
  );
}
