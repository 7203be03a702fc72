import type { Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { FanOut } from './ingest.ts';

/** Losses of the fan-out; the store has the readings all the same. */
export interface FanOutCounters {
  published: number;
  dropped: number;
}

/**
 * Publishes accepted readings (QoS 0) and events (QoS 1) on the bus, with their final times. What the bus
 * does not take is dropped and counted: the bus must not hold up the road to the store.
 */
export function createFanOut(deps: {
  publisher: Publisher;
  topics: Topics;
  log: Log;
}): FanOut & { counters: FanOutCounters } {
  const { publisher, topics, log } = deps;
  const counters: FanOutCounters = { published: 0, dropped: 0 };
  const done = (): void => {
    counters.published += 1;
  };
  const dropped = (error: unknown): void => {
    counters.dropped += 1;
    log.debug({ reason: messageOf(error) }, 'fan-out dropped');
  };
  function publish(topic: string, payload: string, qos: 0 | 1): void {
    publisher.publish({ topic, payload, qos }).then(done, dropped);
  }
  return {
    counters,
    reading: (deviceId, stream, ts, data) =>
      publish(topics.telemetry(deviceId, stream), JSON.stringify({ ts, data }), 0),
    readings: (deviceId, stream, samples) =>
      publish(topics.telemetry(deviceId, stream), JSON.stringify({ samples }), 0),
    event: (deviceId, name, severity, ts, data) =>
      publish(topics.event(deviceId, name), JSON.stringify({ ts, severity, data }), 1),
  };
}
