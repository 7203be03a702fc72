import type { AlarmView } from '../../schemas/api/alarms.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { AlarmFollower } from './alarm-follower.ts';

interface Deps {
  clock: Pick<Clock, 'monotonic'>;
  publisher: Publisher;
  topics: Topics;
  log: Log;
  hub: { hubId: string; incarnation: string };
  /** There may be other hubs that publish alarms of the same devices. */
  several: boolean;
}

/** Publishes in flight at a time; the bus keeps those it has not acknowledged. */
const concurrency = 16;
/** What this hub publishes may come to the broker after what another has published, for so long, ms. */
const crossingMs = 10_000;

/**
 * Publishes each alarm that is not closed as a retained message, and clears it when it is closed or silenced. While the broker
 * is away, only the newest state of each alarm waits, so the number of alarms bounds what waits.
 */
export class AlarmPublisher implements AlarmFollower {
  readonly #deps: Deps;
  /** Topic → payload; the empty one clears it. */
  readonly #waiting = new Map<string, string>();
  #inFlight = 0;
  /** Topic → when this hub has last published it, monotonic ms, the oldest first: what another publishes may cross it. */
  readonly #lately = new Map<string, number>();
  /** Times the bus did not take a state. It is published with the next change, or when the bus is back. */
  failures = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  alarmChanged(alarm: AlarmView): void {
    const { state, silenced } = alarm;
    this.#put(alarm.device, alarm.source, state === 'closed' || silenced ? '' : this.#payload(alarm));
  }

  /** That hub has published it. If this one has just published what was before, that may come last. */
  alarmChangedElsewhere(alarm: AlarmView): void {
    const topic = this.#topicOf(alarm.device, alarm.source);
    const sinceMs = this.#deps.clock.monotonic() - crossingMs;
    for (const [each, atMs] of this.#lately) {
      if (atMs >= sinceMs) break;
      this.#lately.delete(each);
    }
    if (this.#lately.has(topic) || this.#waiting.has(topic)) this.alarmChanged(alarm);
  }

  alarmDropped(device: string | null, source: string): void {
    this.#put(device, source, '');
  }

  /** The broker is there, for the first time or again: it may have lost what it retained, or have missed that an alarm is closed. */
  repeat(alarms: Iterable<AlarmView>): void {
    for (const alarm of alarms) this.alarmChanged(alarm);
  }

  #put(device: string | null, source: string, payload: string): void {
    const topic = this.#topicOf(device, source);
    this.#waiting.set(topic, payload);
    if (this.#deps.several) {
      this.#lately.delete(topic);
      this.#lately.set(topic, this.#deps.clock.monotonic());
    }
    this.#pump();
  }

  #topicOf(device: string | null, source: string): string {
    const { topics, hub } = this.#deps;
    return topics.alarm(device ?? hub.hubId, source);
  }

  #pump(): void {
    while (this.#inFlight < concurrency) {
      const [entry] = this.#waiting;
      if (entry === undefined) return;
      const [topic, payload] = entry;
      this.#waiting.delete(topic);
      this.#publish(topic, payload);
    }
  }

  #publish(topic: string, payload: string): void {
    const { publisher, log } = this.#deps;
    this.#inFlight += 1;
    publisher.publish({ topic, payload, qos: 1, retain: true }).then(
      () => {
        this.#inFlight -= 1;
        this.#pump();
      },
      (error: unknown) => {
        this.#inFlight -= 1;
        this.failures += 1;
        log.warn({ topic, reason: messageOf(error) }, 'alarm not published');
        // Not immediately: a bus that refuses would be asked without a pause.
        if (!this.#waiting.has(topic)) this.#waiting.set(topic, payload);
      },
    );
  }

  #payload({
    firstMs,
    lastMs,
    clearedMs,
    acknowledged,
    silenced: _silenced,
    n: _n,
    ...alarm
  }: AlarmView): string {
    const { hubId, incarnation } = this.#deps.hub;
    // JSON leaves out what is undefined.
    return JSON.stringify({
      ...alarm,
      first: firstMs,
      last: lastMs,
      cleared: clearedMs,
      acknowledged: acknowledged && {
        by: acknowledged.actor,
        at: acknowledged.timeMs,
        note: acknowledged.note,
      },
      hub: hubId,
      incarnation,
    });
  }
}
