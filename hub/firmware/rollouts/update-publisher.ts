import type { Publisher } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { UpdateFollower } from './open-rollout.ts';
import type { Rollout } from './rollout.ts';
import type { Update } from './update.ts';

interface Deps {
  publisher: Publisher;
  topics: Topics;
  log: Log;
  hub: { hubId: string; incarnation: string };
}

interface Message {
  readonly topic: string;
  readonly payload: string;
}

/** Publishes in flight at a time. */
const concurrency = 16;

/**
 * Publishes where the update of a device stands, once that is on disk. While the broker is away or slow, only the newest state of each
 * device waits, so the number of devices bounds what waits.
 */
export class UpdatePublisher implements UpdateFollower {
  readonly #deps: Deps;
  readonly #waiting = new Map<string, Message>();
  /** Not taken by the bus. */
  readonly #owed = new Map<string, Message>();
  #inFlight = 0;
  /** Times the bus did not take a state. It is published when the bus is back. */
  failures = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  updateMoved(device: string, rollout: Rollout, update: Update): void {
    const { topics } = this.#deps;
    const topic = topics.firmwareStatus(rollout.id, device, update.state);
    this.#owed.delete(device);
    this.#waiting.set(device, { topic, payload: this.#payload(device, rollout, update) });
    this.#pump();
  }

  /** The broker is there, for the first time or again. */
  busConnected(): void {
    for (const [device, message] of this.#owed) this.#waiting.set(device, message);
    this.#owed.clear();
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < concurrency) {
      const [entry] = this.#waiting;
      if (entry === undefined) return;
      const [device, message] = entry;
      this.#waiting.delete(device);
      this.#inFlight += 1;
      void this.#publish(device, message).finally(() => {
        this.#inFlight -= 1;
        this.#pump();
      });
    }
  }

  async #publish(device: string, message: Message): Promise<void> {
    const { publisher, log } = this.#deps;
    try {
      await publisher.publish({ ...message, qos: 1 });
    } catch (error) {
      this.failures += 1;
      log.warn({ topic: message.topic, reason: messageOf(error) }, 'the state of an update is not published');
      if (!this.#waiting.has(device)) this.#owed.set(device, message);
    }
  }

  #payload(
    device: string,
    { id, type, version }: Rollout,
    { state, sinceMs, reason, firmware, error }: Update,
  ): string {
    const { hubId: hub, incarnation } = this.#deps.hub;
    // JSON leaves out what is undefined.
    return JSON.stringify({
      rollout: id,
      device,
      type,
      version,
      state,
      since: sinceMs,
      reason,
      firmware,
      error,
      hub,
      incarnation,
    });
  }
}
