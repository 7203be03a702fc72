import type { BusCounters, OutgoingMessage } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';

/** The initial counters of both buses. */
export function newBusCounters(): BusCounters {
  return {
    published: 0,
    dropped: 0,
    tooLong: 0,
    unavailable: 0,
    refused: 0,
    received: 0,
    denied: 0,
    connections: 0,
  };
}

/** Birth and will of the hub: retained on its own topic. */
export function hubState(
  { topics, hubId, incarnation }: { topics: Topics; hubId: string; incarnation: string },
  online: boolean,
): OutgoingMessage {
  const payload = JSON.stringify({ online, incarnation });
  return { topic: topics.hub(hubId), payload, qos: 1, retain: true };
}
