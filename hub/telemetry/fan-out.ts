import type { Broadcaster, Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { ReadingFollower, StreamFollower } from './reading-follower.ts';

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
  return {
    counters,
    followStream: (deviceId, _type, stream) =>
      scope === 'all' ? new PublishedStream(bus, counters, topics.telemetry(deviceId, stream)) : undefined,
    event(deviceId, name, severity, ts, data) {
      if (scope === 'off') return;
      const payload = JSON.stringify({ ts, severity, data });
      bus.publish({ topic: topics.event(deviceId, name), payload, qos: 1 }).then(published, dropped);
    },
  };
}

/** The readings of one stream of a device, on the bus. */
class PublishedStream implements StreamFollower {
  readonly #bus: Broadcaster;
  readonly #counters: FanOutCounters;
  readonly #topic: string;

  constructor(bus: Broadcaster, counters: FanOutCounters, topic: string) {
    this.#bus = bus;
    this.#counters = counters;
    this.#topic = topic;
  }

  reading(timeMs: number, data: unknown): void {
    // Where nobody is, everybody has got it.
    if (this.#bus.hasAudience) this.#publish(`{"ts":${timeMs},"data":${JSON.stringify(data)}}`);
    else this.#counters.published += 1;
  }

  readings(samples: readonly { ts: number; data: unknown }[]): void {
    if (this.#bus.hasAudience) this.#publish(JSON.stringify({ samples }));
    else this.#counters.published += 1;
  }

  #publish(payload: string): void {
    if (this.#bus.broadcast(this.#topic, payload)) this.#counters.published += 1;
    else this.#counters.dropped += 1;
  }
}
