import type { Clock } from '../../schemas/time/clock.ts';

export interface LeakyBucketOptions {
  /** The size of a burst … */
  burst: number;
  /** … and one more each time this has passed, ms. */
  everyMs: number;
}

/** Names remembered. Beyond this, the name with the oldest addition is forgotten. */
const maxNames = 10_000;

/** One leaky bucket for each name (an address, an id), bounded in number: each has a share of its own. */
export class LeakyBuckets {
  readonly #clock: Clock;
  readonly #options: LeakyBucketOptions;
  /** When the bucket of a name will be empty, monotonic ms; in order of the last addition. */
  readonly #emptyAt = new Map<string, number>();

  constructor(clock: Clock, options: LeakyBucketOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** How long until one more fits into the bucket of this name, ms; 0: now. */
  waitMs(name: string): number {
    const { burst, everyMs } = this.#options;
    const filled = (this.#emptyAt.get(name) ?? 0) - this.#clock.monotonic();
    return Math.max(0, filled - (burst - 1) * everyMs);
  }

  add(name: string): void {
    const now = this.#clock.monotonic();
    const emptyAt = Math.max(this.#emptyAt.get(name) ?? 0, now) + this.#options.everyMs;
    this.#emptyAt.delete(name);
    this.#emptyAt.set(name, emptyAt);
    const [oldest] = this.#emptyAt.keys();
    if (this.#emptyAt.size > maxNames && oldest !== undefined) this.#emptyAt.delete(oldest);
  }
}
