import type { Topics } from '../../bus/topics.ts';
import type { Log } from '../../kernel/log.ts';

/** Hubs that use the same topics at the same broker, from the states that each keeps retained there. */
export class OtherHubs {
  readonly #topics: Topics;
  readonly #hubId: string;
  readonly #log: Log;
  readonly #online = new Set<string>();

  constructor({ topics, hubId }: { topics: Topics; hubId: string }, log: Log) {
    this.#topics = topics;
    this.#hubId = hubId;
    this.#log = log;
  }

  get ids(): readonly string[] {
    return [...this.#online];
  }

  /** The broker gives every state again. */
  reconnected(): void {
    this.#online.clear();
  }

  /** @returns whether it was the state of a hub */
  take(topic: string, payload: string): boolean {
    const hubId = this.#topics.hubOf(topic);
    if (hubId === undefined) return false;
    if (hubId === this.#hubId) return true;
    const isOnline = saysOnline(payload);
    if (isOnline && !this.#online.has(hubId)) {
      this.#online.add(hubId);
      this.#log.error(
        { otherHub: hubId, root: this.#topics.root },
        'another hub uses the same topics: give one of them another HUB_MQTT_ROOT',
      );
    }
    if (!isOnline && this.#online.delete(hubId)) {
      this.#log.info({ otherHub: hubId }, 'the other hub does not use the same topics any more');
    }
    return true;
  }
}

/** An empty payload clears the state. */
function saysOnline(payload: string): boolean {
  try {
    const state: unknown = JSON.parse(payload);
    return typeof state === 'object' && state !== null && 'online' in state && state.online === true;
  } catch {
    return false;
  }
}
