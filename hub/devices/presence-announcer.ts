import type { Publisher } from '../commands/bus.ts';
import type { Topics } from '../commands/topics.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Presence } from './presence.ts';

export interface PresenceAnnouncerDeps {
  publisher: Publisher;
  topics: Topics;
  log: Log;
  hub: { hubId: string; incarnation: string };
}

/** Publishes in flight at a time; the bus keeps those it has not acknowledged. */
const concurrency = 64;

/**
 * Tells presence on the bus: the newest state of each device retained, every change besides. While the broker
 * is away only the newest state of each device is kept to be told, so what waits is bounded by the fleet;
 * changes beyond `maxChanges` are dropped and counted.
 */
export class PresenceAnnouncer {
  readonly #deps: PresenceAnnouncerDeps;
  readonly #maxChanges: number;
  /** Device → newest state not yet published; undefined: the retained topic is to be cleared. */
  readonly #states = new Map<string, Presence | undefined>();
  readonly #changes: { deviceId: string; presence: Presence }[] = [];
  #inFlight = 0;
  droppedChanges = 0;

  constructor(deps: PresenceAnnouncerDeps, maxChanges = 20_000) {
    this.#deps = deps;
    this.#maxChanges = maxChanges;
  }

  /** A change, in the order it came. */
  changed(deviceId: string, presence: Presence): void {
    this.#states.set(deviceId, presence);
    if (this.#changes.length < this.#maxChanges) this.#changes.push({ deviceId, presence });
    else this.droppedChanges += 1;
    this.#pump();
  }

  /** Tells the state again, without a change: the broker may have lost it. */
  repeat(states: Iterable<readonly [string, Presence]>): void {
    for (const [deviceId, presence] of states) this.#states.set(deviceId, presence);
    this.#pump();
  }

  /** Clears the retained state: the device is gone. */
  removed(deviceId: string): void {
    this.#states.set(deviceId, undefined);
    this.#pump();
  }

  #pump(): void {
    const { publisher, topics } = this.#deps;
    while (this.#inFlight < concurrency) {
      const change = this.#changes.shift();
      if (change !== undefined) {
        const { deviceId, presence } = change;
        const topic = topics.presenceChange(deviceId, presence.state);
        this.#publish(publisher.publish({ topic, payload: this.#payload(presence), qos: 1 }));
        continue;
      }
      const state = this.#states.entries().next();
      if (state.done === true) return;
      const [deviceId, presence] = state.value;
      this.#states.delete(deviceId);
      const payload = presence === undefined ? '' : this.#payload(presence);
      this.#publish(publisher.publish({ topic: topics.presence(deviceId), payload, qos: 1, retain: true }));
    }
  }

  #publish(published: Promise<void>): void {
    this.#inFlight += 1;
    published
      .catch((error: unknown) => this.#deps.log.warn({ reason: messageOf(error) }, 'presence not published'))
      .finally(() => {
        this.#inFlight -= 1;
        this.#pump();
      })
      .catch(() => {});
  }

  #payload({ state, reason, sinceMs, epoch, n, untilMs }: Presence): string {
    const { hubId, incarnation } = this.#deps.hub;
    const payload = { state, since: sinceMs, epoch, n, reason, hub: hubId, incarnation };
    return JSON.stringify(untilMs === undefined ? payload : { ...payload, until: untilMs });
  }
}
