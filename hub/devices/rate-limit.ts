import type { Clock } from '../kernel/time.ts';

/**
 * A token bucket: `perSec` on average, at most twice that at once. It is filled when it is found empty, so that a
 * frame costs no reading of the clock; hence what is left and one filling may go at once, `perSec` each.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number;

  constructor(clock: Clock, perSec: number) {
    this.#clock = clock;
    this.#perMs = perSec / 1000;
    this.#capacity = Math.max(1, perSec);
    this.#tokens = this.#capacity;
    this.#filledAt = clock.monotonic();
  }

  /** False: over the rate, nothing was taken. */
  take(): boolean {
    if (this.#tokens < 1) {
      const now = this.#clock.monotonic();
      this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#filledAt) * this.#perMs);
      this.#filledAt = now;
      if (this.#tokens < 1) return false;
    }
    this.#tokens -= 1;
    return true;
  }
}
