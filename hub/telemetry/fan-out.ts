import type { Broadcaster, Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { ReadingFollower } from './reading-follower.ts';

/** Losses of the fan-out. The store has the readings even so. */
export interface FanOutCounters {
  published: number;
  dropped: number;
}

/** What is published on the bus: readings and events, events alone, or nothing. */
export type FanOutScope = 'all' | 'events' | 'off';

/**
 * Publishes accepted readings (QoS 0) and events (QoS 1) on the bus, with their final times. What the bus
 * rejects is dropped and counted: the bus must never delay writes to the store.
 */
export function createFanOut(deps: {
  bus: Publisher & Broadcaster;
  topics: Topics;
  log: Log;
  scope: FanOutScope;
}): ReadingFollower & { counters: FanOutCounters } {
  const { bus, topics, log, scope } = deps;
  const counters: FanOutCounters = { published: 0, dropped: 0 };
  const published = (): void => {
    counters.published += 1;
  };
  const dropped = (error: unknown): void => {
    counters.dropped += 1;
    log.debug({ reason: messageOf(error) }, 'event not published');
  };
  const broadcast = (topic: string, payload: string): void => {
    if (bus.broadcast(topic, payload)) counters.published += 1;
    else counters.dropped += 1;
  };
  return {
    counters,
    reading(deviceId, stream, ts, data) {
      if (scope === 'all') broadcast(topics.telemetry(deviceId, stream), JSON.stringify({ ts, data }));
    },
    readings(deviceId, stream, samples) {
      if (scope === 'all') broadcast(topics.telemetry(deviceId, stream), JSON.stringify({ samples }));
    },
    event(deviceId, name, severity, ts, data) {
      if (scope === 'off') return;
      const payload = JSON.stringify({ ts, severity, data });
      bus.publish({ topic: topics.event(deviceId, name), payload, qos: 1 }).then(published, dropped);
    },
  };
}
