import type { Incident } from '../../schemas/api/incidents.ts';

/** Notified of each change of an incident that operators should know. @param members all its devices */
export interface IncidentFollower {
  incidentChanged(incident: Incident, members: Iterable<string>): void;
}
