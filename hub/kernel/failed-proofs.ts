import { LeakyBuckets, type LeakyBucketOptions } from './leaky-buckets.ts';
import type { Clock } from '../../schemas/time/clock.ts';

/**
 * Slows down who guesses. A proof is judged before anybody is slowed, so that only failures wait: whoever shares an
 * address or an id with a guesser, and has the right proof, never notices.
 */
export class FailedProofs {
  readonly #buckets: LeakyBuckets;

  /** @param limit of each source */
  constructor(clock: Clock, limit: LeakyBucketOptions) {
    this.#buckets = new LeakyBuckets(clock, limit);
  }

  /**
   * A proof was judged, and was wrong.
   * @param sources what failures are counted by: an address, an id
   * @returns how long the next failure of these sources has to wait, ms; 0: this one is answered as what it is
   */
  failed(...sources: readonly string[]): number {
    const waitMs = Math.max(...sources.map((source) => this.#buckets.waitMs(source)));
    // Who is told to wait adds nothing: a flood does not make its own wait longer than it says.
    if (waitMs === 0) for (const source of sources) this.#buckets.add(source);
    return waitMs;
  }
}
