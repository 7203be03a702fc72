import type { Incident } from '../../schemas/api/incidents.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { IncidentStore } from './incident-log.ts';
import { visibleTo, type Incidents } from './incidents.ts';

/**
 * Newest first, those that other hubs tell of included.
 * @param mayShow as of `visibleTo`
 * @throws HubError `database-failed`
 */
export async function incidentsOfAll(
  incidents: Pick<Incidents, 'list'>,
  store: Pick<IncidentStore, 'ofOthers'>,
  mayShow?: MayShow,
): Promise<Incident[]> {
  const others = await store.ofOthers();
  const here = incidents.list();
  const known = new Set(here.map(({ id }) => id));
  return [...here, ...others.filter(({ id }) => !known.has(id))]
    .toSorted((a, b) => b.sinceMs - a.sinceMs)
    .flatMap((incident) => visibleTo(incident, mayShow) ?? []);
}
