import type { Incident } from '../../schemas/api/incidents.ts';
import type { Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { CutConnections } from '../incidents/cut-connections.ts';
import type { IncidentFollower } from '../incidents/incident-follower.ts';
import { IncidentLog } from '../incidents/incident-log.ts';
import { exposeIncidents } from '../incidents/incident-metrics.ts';
import { incidentPublisher } from '../incidents/incident-publisher.ts';
import { incidentsOfAll } from '../incidents/incidents-of-all.ts';
import { startIncidents, type Incidents } from '../incidents/incidents.ts';
import { LostHubs } from '../incidents/lost-hubs.ts';
import { Followers } from '../kernel/followers.ts';
import { exposeCloneGuard } from '../sessions/clone-guard-metrics.ts';
import { startCloneGuard, type CloneGuard } from '../sessions/clone-guard.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { HubContext } from './context.ts';
import type { PresenceFollower } from '../presence/presence-follower.ts';
import type { PresenceParts } from './presence-wiring.ts';
import type { HubState } from './state-wiring.ts';

export interface IncidentParts {
  keeper: Incidents;
  clones: CloneGuard;
  cuts: CutConnections;
  /** Who is notified of each change. */
  followers: Followers<IncidentFollower>;
  /** Looks for what happens to many devices at once, or to one again and again, at whichever hub they are. */
  watch: PresenceFollower;
  /** Newest first, those that other hubs tell of included. @throws HubError `database-failed` */
  list(mayShow?: MayShow): Promise<Incident[]>;
  /** Takes up what an earlier hub left open, once presence is loaded. @throws HubError `database-failed` */
  resume(): Promise<void>;
  /** Resolves when every change so far is on disk and handed to the bus. */
  settled(): Promise<void>;
}

/** Incidents and fights for an id, kept over restarts: state → disk → bus. */
export function createIncidents(
  { config, clock, random, log, metrics, releasers }: HubContext,
  deps: {
    state: HubState;
    sessions: Sessions;
    presence: PresenceParts;
    bus: Publisher;
    topics: Topics;
  },
): IncidentParts {
  const { sessions, presence, bus, topics } = deps;
  const { stores, hubIdentity, startName, leader, shared } = deps.state;
  const publish = incidentPublisher({ publisher: bus, topics, hub: hubIdentity });
  const kept = new IncidentLog({
    clock,
    log,
    store: stores.incidents,
    publish,
    several: deps.state.shared !== undefined,
  });
  releasers.push('incident log', () => kept.settled());
  const followers = new Followers<IncidentFollower>();
  followers.follow({ incidentChanged: (incident, members) => kept.changed(incident, members) });
  const incidents = startIncidents({
    clock,
    startName,
    scopesOf: (deviceId) => sessions.scopesOf(deviceId),
    grew: (incident, members) => kept.grew(incident, members),
    followers: followers.all,
  });
  releasers.push('incidents', () => incidents.close());
  const clones = startCloneGuard({
    clock,
    random,
    alarm: (deviceId, raised) => incidents.cloned(deviceId, raised),
  });
  releasers.push('clone guard', () => clones.close());
  const limit = config.maxSocketsPerAddress;
  const cuts = new CutConnections({
    clock,
    log,
    limit,
    changed: (network, raised) => incidents.connectionsCut(network, limit, raised),
  });
  cuts.start();
  releasers.push('cut connections', () => cuts.close());
  exposeIncidents(metrics, { incidents, lost: kept.lost });
  exposeCloneGuard(metrics, clones);
  const resume = async (): Promise<void> => {
    const known = new Set(incidents.list().map(({ id }) => id));
    const cut = new Set(incidents.openSubjects('connections-cut'));
    const stored = (await stores.incidents.load()).filter(({ id }) => !known.has(id));
    kept.resume(stored);
    const open = incidents.resume(stored, (id) => presence.keeper.find(id));
    for (const deviceId of open) clones.resume(deviceId);
    cuts.resume(incidents.openSubjects('connections-cut').filter((network) => !cut.has(network)));
  };
  const lostHubs = new LostHubs({
    log,
    leads: () => leader.leads,
    resume,
    told: () => incidents.openSubjects('hub-lost'),
    changed: (hub, raised) => incidents.hubLost(hub, raised),
  });
  shared?.tenure.follow(lostHubs);
  return {
    keeper: incidents,
    clones,
    cuts,
    followers,
    watch: incidents.ofAllHubs(leader),
    list: (mayShow) => incidentsOfAll(incidents, stores.incidents, mayShow),
    resume: () => leader.begin('incidents', () => lostHubs.begin()),
    settled: () => kept.settled(),
  };
}
