import { LeakyBuckets, type LeakyBucketOptions } from './leaky-buckets.ts';
import type { Clock } from '../../schemas/time/clock.ts';

/**
 * Slows down guessing. A proof is checked before anybody is slowed down, so only failures wait: a device with the right
 * proof never notices a guesser at its address or with its id.
 */
export class FailedProofs {
  readonly #buckets: LeakyBuckets;

  /** @param limit of each source */
  constructor(clock: Clock, limit: LeakyBucketOptions) {
    this.#buckets = new LeakyBuckets(clock, limit);
  }

  /**
   * A proof was wrong.
   * @param sources what failures are counted by: an address, an id
   * @returns how long the next failure of these sources has to wait, ms; 0: this failure is answered normally
   */
  failed(...sources: readonly string[]): number {
    const waitMs = Math.max(...sources.map((source) => this.#buckets.waitMs(source)));
    // A failure during the wait adds nothing: a flood does not extend its own wait.
    if (waitMs === 0) for (const source of sources) this.#buckets.add(source);
    return waitMs;
  }
}
