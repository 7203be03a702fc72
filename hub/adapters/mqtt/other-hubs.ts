import { jsonFields } from '../../kernel/json-fields.ts';
import type { Topics } from '../../bus/topics.ts';
import type { Log } from '../../kernel/log.ts';

/** Finds hubs that use the same topics at the same broker, by the state that each retains there. */
export class OtherHubs {
  readonly #topics: Topics;
  readonly #hubId: string;
  readonly #log: Log;
  readonly #online = new Set<string>();
  /** Hubs known before the connection was lost, until the broker has said whether they are still there. */
  #unconfirmed: readonly string[] = [];
  /** Notified when another hub comes or goes. */
  readonly #changed: (hubId: string, isOnline: boolean) => void;

  constructor(
    { topics, hubId }: { topics: Topics; hubId: string },
    log: Log,
    changed: (hubId: string, isOnline: boolean) => void,
  ) {
    this.#topics = topics;
    this.#hubId = hubId;
    this.#log = log;
    this.#changed = changed;
  }

  get ids(): readonly string[] {
    return [...this.#online];
  }

  /** The broker is about to send every state again. */
  reconnecting(): void {
    this.#unconfirmed = [...new Set([...this.#unconfirmed, ...this.#online])];
    this.#online.clear();
  }

  /** The broker has sent every state. */
  reconnected(): void {
    for (const hubId of this.#unconfirmed) if (!this.#online.has(hubId)) this.#gone(hubId);
    this.#unconfirmed = [];
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
      this.#changed(hubId, true);
    }
    if (!isOnline && this.#online.delete(hubId)) this.#gone(hubId);
    return true;
  }

  #gone(hubId: string): void {
    this.#log.info({ otherHub: hubId }, 'the other hub does not use the same topics any more');
    this.#changed(hubId, false);
  }
}

/** An empty payload clears the state. */
function saysOnline(payload: string): boolean {
  return jsonFields(payload)?.get('online') === true;
}
