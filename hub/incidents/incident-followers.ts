import type { Incident } from '../../schemas/api/incidents.ts';

/** Notified of each change of an incident that operators should know. @param members all its devices */
export interface IncidentFollower {
  incidentChanged(incident: Incident, members: Iterable<string>): void;
}

/** Notifies all followers, in the order in which they were added. */
export class IncidentFollowers implements IncidentFollower {
  readonly #followers: IncidentFollower[] = [];

  follow(...followers: readonly IncidentFollower[]): void {
    this.#followers.push(...followers);
  }

  incidentChanged(incident: Incident, members: Iterable<string>): void {
    for (const follower of this.#followers) follower.incidentChanged({ ...incident }, members);
  }
}
