import type { Incident } from '../../schemas/api/incidents.ts';
import type { Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';

/** Publishes an incident on its topic, with the id of this hub. @returns rejects as `Publisher.publish` does */
export function incidentPublisher(deps: {
  publisher: Publisher;
  topics: Topics;
  hub: { hubId: string; incarnation: string };
}): (incident: Incident) => Promise<void> {
  const { publisher, topics, hub } = deps;
  return ({ sinceMs, untilMs, ...incident }) =>
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
    });
}
