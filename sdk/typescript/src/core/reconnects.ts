import { Backoff } from '../../../../schemas/time/backoff.ts';
import type { Random } from './random.ts';
import type { Secrets } from './secrets.ts';
import type { Timers } from './timers.ts';
import { followed, retryAfter, type Ending, type Retry } from './reconnect.ts';

/** Used until the first `welcome` states the hub's own limit. */
const defaultBackoffMaxMs = 60_000;
/** However short the hub wants it. */
const shortestBackoffMaxMs = 100;

/** When the client tries again: its backoff, the slot that a hub gave it, and what the hub has answered. */
export class Reconnects {
  readonly #clock: Timers;
  readonly #random: Random;
  readonly #secrets: Secrets;
  readonly #backoff: Backoff;
  /** Monotonic ms: this device's time slot to reconnect to a hub that drained. */
  #slotAtMs: number | undefined;

  constructor(deps: { clock: Timers; random: Random; secrets: Secrets }, firstMs = 1_000) {
    const { clock, random, secrets } = deps;
    this.#clock = clock;
    this.#random = random;
    this.#secrets = secrets;
    this.#backoff = new Backoff({ firstMs, maxMs: defaultBackoffMaxMs, random });
  }

  /** @param backoffMaxMs as the hub wants it */
  welcomed(backoffMaxMs: number): void {
    this.#slotAtMs = undefined;
    this.#backoff.maxMs = Math.max(shortestBackoffMaxMs, followed(backoffMaxMs));
    this.#backoff.reset();
  }

  /** @returns the slot as it is kept: a hub that gives no time is not to have the device come again and again. @param slotMs from now */
  drained(slotMs: number): number {
    const keptMs = Math.max(followed(slotMs), this.#backoff.next());
    this.#slotAtMs = this.#clock.monotonic() + keptMs;
    return keptMs;
  }

  /** @returns when to try again */
  ended(ending: Ending): Retry {
    const nowMs = this.#clock.monotonic();
    // 429 may be for a wrong secret too, when others at this address failed before: it says when to try the other one.
    const mayBeSecret =
      ending.kind === 'refused'
        ? [401, 429].includes(ending.status)
        : ending.kind === 'failed' && ending.mayBeRefused === true;
    const refused = mayBeSecret && this.#secrets.refused();
    const otherSecret = refused && ending.kind === 'refused' && ending.status === 401;
    const backoffMs = this.#backoff.next();
    const retry: Retry = otherSecret ? { waitMs: backoffMs } : retryAfter(ending, backoffMs, this.#random);
    if (this.#slotAtMs !== undefined && retry.trouble === undefined)
      retry.waitMs = Math.max(0, this.#slotAtMs - nowMs);
    this.#slotAtMs = undefined;
    return retry;
  }
}
