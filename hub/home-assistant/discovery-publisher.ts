import { createHash } from 'node:crypto';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Publisher, Tap } from '../bus/bus.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { PresenceFollower } from '../presence/presence-follower.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';

/** The two retained messages of a device; the names are the last levels of their topics. */
export type Part = 'config' | 'firmware';

interface Deps {
  publisher: Publisher;
  clock: Clock;
  log: Log;
  prefix: string;
  devices(): Iterable<string>;
  /** The message as it should be; empty: none should be retained. */
  content(device: string, part: Part): string;
  /** Whether this hub, or an earlier run of it, published the message that the broker retains. */
  isOurs(device: string, content: string): boolean;
  /** The broker keeps retained messages over a restart of the hub, and sends them to `tap`. */
  isKept: boolean;
  /** Other hubs publish for the same devices. A message that looks left over may belong to a device that is not known here yet. */
  several: boolean;
}

/** Publishes in flight at a time. */
const concurrency = 64;
/** Once the broker has sent no retained message for this long, it has sent all of them, ms. */
const quietMs = 1_000;
/** Messages made in one turn; each takes about 50 µs. */
const madeAtOnce = 100;

const parts: readonly Part[] = ['config', 'firmware'];

/**
 * Keeps the retained messages for Home Assistant as they should be. After each connect it reads what the broker holds. It does not
 * publish those messages again, and clears those of devices that were removed while the broker was away. A message is made only
 * when its turn comes, so the number of devices bounds the queue.
 */
export class DiscoveryPublisher implements DeviceFollower, PresenceFollower {
  readonly counters = { published: 0, unchanged: 0, failed: 0 };
  readonly #deps: Deps;
  /** Topic → digest of what the broker holds. */
  readonly #held = new Map<string, string>();
  /** Devices that are no longer registered, but still have a message of ours at the broker. */
  readonly #leftOver = new Set<string>();
  readonly #waiting = new Set<string>();
  /** Messages that the bus did not take. */
  readonly #owed = new Set<string>();
  #inFlight = 0;
  /** The broker has sent everything that it retains. */
  #ready = false;
  #isAwaiting = false;
  #resting = false;
  #cancelRest: () => void = () => undefined;
  #cancelQuiet: () => void = () => undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Receives the retained messages of the broker. */
  get tap(): Tap {
    const { prefix } = this.#deps;
    return {
      filter: `${prefix}/device/+/+`,
      takes: (topic) => this.#placeOf(topic) !== undefined,
      take: (topic, payload) => this.#heard(topic, payload),
    };
  }

  /** The broker is connected, for the first time or again. Its retained messages may already have begun to arrive. */
  connected(): void {
    if (this.#deps.isKept) {
      this.#awaitQuiet();
      return;
    }
    this.#held.clear();
    this.#ready = true;
    this.everything();
  }

  /** The broker may come back without its retained messages. */
  disconnected(): void {
    this.#ready = false;
    this.#isAwaiting = false;
    this.#cancelQuiet();
    this.#held.clear();
  }

  registered({ id }: { id: string }, byOther: boolean): void {
    // The hub that registered it publishes.
    if (!byOther) this.#put(id);
  }

  changed({ id }: { id: string }): void {
    this.#put(id);
  }

  removed(device: string): void {
    this.#put(device);
  }

  presenceChanged(device: string): void {
    this.#put(device);
  }

  /** The messages of all devices may have changed. */
  everything(): void {
    for (const device of this.#deps.devices()) this.#put(device, false);
    for (const device of this.#leftOver) this.#put(device, false);
    for (const topic of this.#owed) this.#waiting.add(topic);
    this.#leftOver.clear();
    this.#owed.clear();
    this.#pump();
  }

  close(): void {
    this.#ready = false;
    this.#cancelRest();
    this.#cancelQuiet();
  }

  #put(device: string, pump = true): void {
    for (const part of parts) this.#waiting.add(this.#topic(device, part));
    if (pump) this.#pump();
  }

  #topic(device: string, part: Part): string {
    return `${this.#deps.prefix}/device/${device}/${part}`;
  }

  #placeOf(topic: string): { device: string; part: Part } | undefined {
    const start = `${this.#deps.prefix}/device/`;
    if (!topic.startsWith(start)) return undefined;
    const [device, last, ...rest] = topic.slice(start.length).split('/');
    const part = parts.find((each) => each === last);
    return device === undefined || part === undefined || rest.length > 0 ? undefined : { device, part };
  }

  #heard(topic: string, payload: string): void {
    const place = this.#placeOf(topic);
    if (place === undefined) return;
    if (payload === '') this.#held.delete(topic);
    else {
      this.#held.set(topic, digest(payload));
      if (!this.#ready && !this.#deps.several && this.#deps.isOurs(place.device, payload))
        this.#leftOver.add(place.device);
    }
    if (this.#isAwaiting) this.#awaitQuiet();
  }

  #awaitQuiet(): void {
    this.#cancelQuiet();
    this.#isAwaiting = true;
    this.#cancelQuiet = this.#deps.clock.after(quietMs, () => {
      this.#isAwaiting = false;
      this.#ready = true;
      this.everything();
    });
  }

  #pump(): void {
    if (!this.#ready || this.#resting) return;
    let made = 0;
    for (const topic of this.#waiting) {
      if (this.#inFlight >= concurrency) return;
      if (made === madeAtOnce) {
        this.#rest();
        return;
      }
      made += 1;
      this.#waiting.delete(topic);
      this.#bring(topic);
    }
  }

  /** Yields the event loop: for a whole fleet most messages are made only to find that nothing has changed. */
  #rest(): void {
    this.#resting = true;
    this.#cancelRest = this.#deps.clock.after(0, () => {
      this.#resting = false;
      this.#pump();
    });
  }

  #bring(topic: string): void {
    const { publisher, log } = this.#deps;
    const place = this.#placeOf(topic);
    if (place === undefined) return;
    const payload = this.#deps.content(place.device, place.part);
    const wanted = payload === '' ? undefined : digest(payload);
    if (this.#held.get(topic) === wanted) {
      this.counters.unchanged += 1;
      return;
    }
    if (wanted === undefined) this.#held.delete(topic);
    else this.#held.set(topic, wanted);
    this.#inFlight += 1;
    const ended = (): void => {
      this.#inFlight -= 1;
      this.#pump();
    };
    publisher.publish({ topic, payload, qos: 1, retain: true }).then(
      () => {
        this.counters.published += 1;
        ended();
      },
      (error: unknown) => {
        this.counters.failed += 1;
        // Nobody knows now what the broker holds. The message is published with the next change, or when the bus is back.
        this.#held.delete(topic);
        this.#owed.add(topic);
        log.warn({ topic, reason: messageOf(error) }, 'a message for Home Assistant was not published');
        ended();
      },
    );
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
