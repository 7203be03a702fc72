import { createIncidentStore } from '../adapters/sqlite/sqlite-incident-store.ts';
import type { Database } from '../adapters/sqlite/sqlite.ts';
import type { Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { CloneGuard } from '../sessions/clone-guard.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { IncidentLog } from '../incidents/incident-log.ts';
import type { Incident } from '../../schemas/api/incidents.ts';
import { Incidents } from '../incidents/incidents.ts';
import type { Presence } from '../../schemas/api/presence.ts';
import type { Registry } from '../registry/registry.ts';
import type { Log } from '../kernel/log.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';

interface Deps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  state: Database;
  registry: Registry;
  sessions: Sessions;
  publisher: Publisher;
  topics: Topics;
  hub: { hubId: string; incarnation: string };
  releasers: Releasers;
  /** Sees each change of an incident. */
  told: (incident: Incident) => void;
}

export interface Troubles {
  incidents: Incidents;
  clones: CloneGuard;
  /** Changes of incidents that did not reach the disk or the bus. */
  lost: IncidentLog['lost'];
  /** Takes up what an earlier hub left open, once presence is loaded. @throws HubError `database-failed` */
  resume(presenceOf: (deviceId: string) => Presence): Promise<void>;
  /** Resolves when every change so far is on disk and handed to the bus. */
  settled(): Promise<void>;
}

/** Incidents and fights for an id, kept over restarts: state → disk → bus. */
export function createTroubles(deps: Deps): Troubles {
  const { clock, random, log, registry, sessions, publisher, topics, hub, releasers } = deps;
  const store = createIncidentStore(deps.state);
  const told = new IncidentLog({
    log,
    store,
    publish: ({ sinceMs, untilMs, ...incident }) =>
      publisher.publish({
        topic: topics.incident(incident.kind, incident.id),
        payload: JSON.stringify({
          ...incident,
          since: sinceMs,
          until: untilMs,
          hub: hub.hubId,
          incarnation: hub.incarnation,
        }),
        qos: 1,
      }),
  });
  releasers.push('incident log', () => told.settled());
  const incidents = new Incidents({
    clock,
    incarnation: hub.incarnation,
    scopesOf: (deviceId) => sessions.scopesOf(deviceId),
    grew: (incident, members) => told.grew(incident, members),
    changed(incident, members) {
      deps.told({ ...incident });
      told.changed(incident, members);
    },
  });
  releasers.push('incidents', () => incidents.close());
  const clones = new CloneGuard({
    clock,
    random,
    alarm: (deviceId, raised) => incidents.cloned(deviceId, raised),
  });
  releasers.push('clone guard', () => clones.close());
  return {
    incidents,
    clones,
    lost: told.lost,
    async resume(presenceOf) {
      const known = (deviceId: string): Presence | undefined =>
        registry.get(deviceId) === undefined ? undefined : presenceOf(deviceId);
      for (const deviceId of incidents.resume(await store.load(), known)) clones.resume(deviceId);
    },
    settled: () => told.settled(),
  };
}
