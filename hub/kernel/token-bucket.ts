import type { Clock } from '../../schemas/time/clock.ts';

/**
 * A token bucket: `perSec` on average, and a burst of at most twice as many. It is filled only when it runs short, so
 * that taking does not read the clock. Hence a burst may use what is left and one filling, `perSec` each.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number;

  /** @param capacity tokens it holds; those of one second when not given */
  constructor(clock: Clock, perSec: number, capacity = Math.max(1, perSec)) {
    this.#clock = clock;
    this.#perMs = perSec / 1000;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#filledAt = clock.monotonic();
  }

  /** False: not enough tokens are left, and nothing was taken. */
  take(tokens = 1): boolean {
    if (!this.has(tokens)) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** Whether this many can be taken now. */
  has(tokens: number): boolean {
    if (this.#tokens < tokens) this.#refill();
    return this.#tokens >= tokens;
  }

  /** How long until this many can be taken, at most as many as the bucket holds, ms. */
  msUntil(tokens: number): number {
    this.#refill();
    return Math.max(0, Math.min(tokens, this.#capacity) - this.#tokens) / this.#perMs;
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
