import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { DeliveryClaimStore } from './webhook-store.ts';
import type { Webhooks } from './webhooks.ts';

interface Deps {
  log: Log;
  store: DeliveryClaimStore;
  /** Of all hubs, this one sends. */
  leads: () => boolean;
  webhooks: Pick<Webhooks, 'refresh' | 'takeOver'>;
}

/**
 * What webhooks are owed, where several hubs change alarms: each hub writes it to disk, and the leader alone claims and sends it. So it
 * comes in order, and twice only when a leader has died, or the state does not say whether it has taken something.
 */
export class SharedDeliveries {
  readonly #deps: Deps;
  #claiming: Promise<void> | undefined;
  #again = false;
  /** What is claimed already is read, too: by an earlier leader, or by this one, when an answer was lost. */
  #whole = true;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Takes what is new. To be called about once a second, and when a hub has changed alarms. */
  claim(): Promise<void> {
    this.#again = true;
    this.#claiming ??= this.#claimAll().finally(() => {
      this.#claiming = undefined;
    });
    return this.#claiming;
  }

  async #claimAll(): Promise<void> {
    const { store, webhooks, leads, log } = this.#deps;
    while (this.#again) {
      this.#again = false;
      if (!leads()) return;
      const whole = this.#whole;
      this.#whole = true;
      try {
        // What a webhook is owed that another hub has added a moment ago is not to be lost.
        if (whole) await webhooks.refresh();
        await webhooks.takeOver(await store.claim(whole));
        this.#whole = false;
      } catch (error) {
        log.debug({ reason: messageOf(error) }, 'deliveries of other hubs cannot be read now');
      }
    }
  }
}
