import type { TwinView } from '../../schemas/api/twins/twins.ts';
import type { Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { TwinOperations } from './twin-operations.ts';
import type { TwinFollower } from './twins.ts';

interface Deps {
  publisher: Publisher;
  topics: Topics;
  log: Log;
  hub: { hubId: string; incarnation: string };
  twins: Pick<TwinOperations, 'show'>;
}

/** Publishes in flight at a time. */
const concurrency = 64;

/**
 * Publishes each twin as a retained message: as it is when its turn comes, so that the number of devices bounds what waits. What the
 * bus does not take is published with the next change, or when the bus is back.
 */
export class TwinAnnouncer implements TwinFollower {
  readonly #deps: Deps;
  readonly #waiting = new Set<string>();
  /** Not taken by the bus. */
  readonly #owed = new Set<string>();
  #inFlight = 0;
  failures = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  twinChanged(device: string): void {
    this.#waiting.add(device);
    this.#pump();
  }

  /** The retained message goes. */
  twinRemoved(device: string): void {
    this.twinChanged(device);
  }

  /** Publishes these again: the broker may have lost them. */
  repeat(devices: Iterable<string>): void {
    for (const device of [...devices, ...this.#owed]) this.#waiting.add(device);
    this.#owed.clear();
    this.#pump();
  }

  #pump(): void {
    // Before the loop: the first step of an iterator passes every place that a device has left empty.
    if (this.#inFlight >= concurrency) return;
    for (const device of this.#waiting) {
      if (this.#inFlight >= concurrency) return;
      this.#waiting.delete(device);
      this.#inFlight += 1;
      void this.#publish(device).finally(() => {
        this.#inFlight -= 1;
        this.#pump();
      });
    }
  }

  async #publish(device: string): Promise<void> {
    const { topics, publisher, log } = this.#deps;
    try {
      const payload = await this.#payload(device);
      await publisher.publish({ topic: topics.twin(device), payload, qos: 1, retain: true });
    } catch (error) {
      this.failures += 1;
      this.#owed.add(device);
      log.warn({ device, reason: messageOf(error) }, 'twin not published');
    }
  }

  /** Empty for a device that is not registered, or has no twin any more. */
  async #payload(device: string): Promise<string> {
    try {
      return payloadOf(await this.#deps.twins.show(device), this.#deps.hub);
    } catch (error) {
      if (error instanceof HubError && !error.retryable) return '';
      throw error;
    }
  }
}

function payloadOf(twin: TwinView, { hubId: hub, incarnation }: Deps['hub']): string {
  const { sinceMs, changedMs, reportedMs, defaults: _, ...shown } = twin;
  const times = {
    since: sinceMs ?? undefined,
    changed: changedMs ?? undefined,
    reportedAt: reportedMs ?? undefined,
  };
  // JSON leaves out what is undefined.
  return JSON.stringify({ ...shown, ...times, hub, incarnation });
}
