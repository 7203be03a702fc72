export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

/**
 * The waits before each further attempt, without end: exponential with full jitter
 * (uniform in [0, cap]; Brooker, "Exponential Backoff and Jitter", AWS 2015).
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #random: () => number;
  #capMs: number;
  /** The highest cap, ms; a device gets another one from its hub. */
  maxMs: number;

  constructor({ firstMs, maxMs, random }: BackoffOptions) {
    this.#firstMs = firstMs;
    this.#random = random;
    this.#capMs = firstMs;
    this.maxMs = maxMs;
  }

  /** The next wait, ms. */
  next(): number {
    const capMs = Math.min(this.#capMs, this.maxMs);
    this.#capMs = Math.min(this.#capMs * 2, this.maxMs);
    return this.#random() * capMs;
  }

  /** Starts again with the shortest waits. */
  reset(): void {
    this.#capMs = this.#firstMs;
  }
}
