import type { Clock } from './time.ts';

/** So many tokens a second on average, and twice that at once. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number;

  /** @param capacity tokens at once; twice `perSec` when not given */
  constructor(clock: Clock, perSec: number, capacity = perSec * 2) {
    this.#clock = clock;
    this.#perMs = perSec / 1000;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#filledAt = clock.monotonic();
  }

  /** False: not so many left, nothing was taken. */
  take(tokens = 1): boolean {
    if (!this.has(tokens)) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** Whether so many are left. The clock is read only when the answer depends on it. */
  has(tokens: number): boolean {
    if (this.#tokens < tokens) this.#refill();
    return this.#tokens >= tokens;
  }

  /** How full it is, 0 to 1. */
  get level(): number {
    this.#refill();
    return this.#tokens / this.#capacity;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
  }
}
