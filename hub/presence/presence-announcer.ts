import type { OutgoingMessage, Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { PresenceFollower } from './presence-follower.ts';
import { isHubWide } from './presence.ts';
import { presencePayload } from './presence-payload.ts';
import type { Presence } from '../../schemas/api/presence.ts';

export interface PresenceAnnouncerDeps {
  publisher: Publisher;
  topics: Topics;
  log: Log;
  hub: { hubId: string; incarnation: string };
}

/** Publishes in flight at a time; the bus keeps those it has not acknowledged. */
const concurrency = 64;

/**
 * Publishes presence on the bus: the newest state of each device as a retained message, and every change. While the
 * broker is away, only the newest state of each device waits, so the size of the fleet bounds what waits. Changes
 * beyond `maxChanges` are dropped and counted.
 */
export class PresenceAnnouncer implements PresenceFollower {
  readonly #deps: PresenceAnnouncerDeps;
  readonly #maxChanges: number;
  /** Device → newest state not yet published; undefined: the retained topic is to be cleared. */
  readonly #states = new Map<string, Presence | undefined>();
  readonly #changes: { deviceId: string; presence: Presence }[] = [];
  /** Device → the state that is with the bus now. */
  readonly #underWay = new Map<string, Presence | undefined>();
  /** Devices whose former hub may still have something on its way, and the newest state of each. */
  readonly #heldBack = new Map<string, Presence | undefined>();
  /** Called when a state that was with the bus is not any more. */
  readonly #landed = new Map<string, () => void>();
  /** Removed device → called once the broker has its empty state, or a newer one. */
  readonly #clearing = new Map<string, () => void>();
  #inFlight = 0;
  /** Called when nothing is left to be published. */
  #idle: (() => void) | undefined;
  /** Changes not published: too many waited, or the bus did not take them. */
  droppedChanges = 0;
  /** Times the bus did not take a state. It is published with the next change, or when the bus is back. */
  stateFailures = 0;

  constructor(deps: PresenceAnnouncerDeps, maxChanges = 20_000) {
    this.#deps = deps;
    this.#maxChanges = maxChanges;
  }

  /** A change, in order. What the hub does to its whole fleet is not published per device. */
  presenceChanged(deviceId: string, presence: Presence): void {
    if (this.#heldBack.has(deviceId)) this.#heldBack.set(deviceId, presence);
    else this.#states.set(deviceId, presence);
    if (isHubWide(presence)) this.#pump();
    else this.#addChange(deviceId, presence);
  }

  /** The state of the device is not published before `resume`: an older one of its former hub may still be on its way. */
  holdBack(deviceId: string): void {
    if (!this.#heldBack.has(deviceId)) this.#heldBack.set(deviceId, this.#states.get(deviceId));
    this.#states.delete(deviceId);
  }

  resume(deviceId: string): void {
    const presence = this.#heldBack.get(deviceId);
    this.#heldBack.delete(deviceId);
    if (presence !== undefined) this.#states.set(deviceId, presence);
    this.#pump();
  }

  /** Another hub publishes the state of the device. Resolves when nothing of ours is on its way any more. */
  letGo(deviceId: string): Promise<void> {
    this.#states.delete(deviceId);
    this.#heldBack.delete(deviceId);
    if (!this.#underWay.has(deviceId)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#landed.set(deviceId, resolve);
    return promise;
  }

  #addChange(deviceId: string, presence: Presence): void {
    if (this.#changes.length < this.#maxChanges) this.#changes.push({ deviceId, presence });
    else this.droppedChanges += 1;
    this.#pump();
  }

  /** Publishes the state again, without a change: the broker may have lost it. */
  repeat(states: Iterable<readonly [string, Presence]>): void {
    for (const [deviceId, presence] of states) this.#states.set(deviceId, presence);
    this.#pump();
  }

  /**
   * Clears the retained state: the device is gone.
   * @param cleared called once the broker has that, or the state of a new device of the same name
   */
  removed(deviceId: string, cleared: () => void): void {
    this.#states.set(deviceId, undefined);
    this.#clearing.set(deviceId, cleared);
    this.#pump();
  }

  /** Resolves when everything is published, at the latest after `maxMs`: the bus may be away. */
  settled(clock: Clock, maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#inFlight === 0) {
        resolve();
        return;
      }
      const cancel = clock.after(maxMs, resolve);
      this.#idle = () => {
        cancel();
        resolve();
      };
    });
  }

  #pump(): void {
    const { topics } = this.#deps;
    while (this.#inFlight < concurrency) {
      const change = this.#changes.shift();
      if (change !== undefined) {
        const { deviceId, presence } = change;
        const topic = topics.presenceChange(deviceId, presence.state);
        this.#publish({ topic, payload: this.#payload(presence), qos: 1 }, (taken) => {
          if (!taken) this.droppedChanges += 1;
        });
        continue;
      }
      const state = this.#states.entries().next();
      if (state.done === true) {
        if (this.#inFlight === 0) this.#idle?.();
        return;
      }
      const [deviceId, presence] = state.value;
      this.#states.delete(deviceId);
      this.#publishState(deviceId, presence);
    }
  }

  #publishState(deviceId: string, presence: Presence | undefined): void {
    const payload = presence === undefined ? '' : this.#payload(presence);
    this.#underWay.set(deviceId, presence);
    const cleared = this.#clearing.get(deviceId);
    const isNewest = (): boolean => this.#underWay.get(deviceId) === presence && !this.#states.has(deviceId);
    const message = { topic: this.#deps.topics.presence(deviceId), payload, qos: 1, retain: true } as const;
    this.#publish(message, (taken) => {
      if (taken && cleared !== undefined && this.#clearing.get(deviceId) === cleared) {
        this.#clearing.delete(deviceId);
        cleared();
      }
      if (!taken) {
        this.stateFailures += 1;
        if (isNewest()) this.#states.set(deviceId, presence);
      }
      if (this.#underWay.get(deviceId) !== presence) return;
      this.#underWay.delete(deviceId);
      this.#landed.get(deviceId)?.();
      this.#landed.delete(deviceId);
    });
  }

  #publish(message: OutgoingMessage, ended: (taken: boolean) => void): void {
    this.#inFlight += 1;
    this.#deps.publisher.publish(message).then(
      () => {
        this.#inFlight -= 1;
        ended(true);
        this.#pump();
      },
      (error: unknown) => {
        this.#inFlight -= 1;
        this.#deps.log.warn({ reason: messageOf(error) }, 'presence not published');
        ended(false);
        // Not immediately: a bus that refuses would be asked without a pause.
      },
    );
  }

  #payload(presence: Presence): string {
    return presencePayload(presence, this.#deps.hub);
  }
}
