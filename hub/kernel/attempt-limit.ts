import type { Clock } from './time.ts';

export interface AttemptLimitOptions {
  /** So many failures at once … */
  burst: number;
  /** … and one more each time this has passed, ms. */
  everyMs: number;
}

/** Names remembered; beyond, the one that failed longest ago is forgotten. */
const maxNames = 10_000;

/** Failed attempts per name (an address, an id): a leaky bucket each, bounded in number. */
export class AttemptLimit {
  readonly #clock: Clock;
  readonly #options: AttemptLimitOptions;
  /** When the bucket of a name will be empty, monotonic ms; in order of the last failure. */
  readonly #emptyAt = new Map<string, number>();

  constructor(clock: Clock, options: AttemptLimitOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** How long this name has to wait before a further attempt is judged, ms; 0: it may try. */
  waitMs(name: string): number {
    const { burst, everyMs } = this.#options;
    const filled = (this.#emptyAt.get(name) ?? 0) - this.#clock.monotonic();
    return Math.max(0, filled - (burst - 1) * everyMs);
  }

  failed(name: string): void {
    const now = this.#clock.monotonic();
    const emptyAt = Math.max(this.#emptyAt.get(name) ?? 0, now) + this.#options.everyMs;
    this.#emptyAt.delete(name);
    this.#emptyAt.set(name, emptyAt);
    const [oldest] = this.#emptyAt.keys();
    if (this.#emptyAt.size > maxNames && oldest !== undefined) this.#emptyAt.delete(oldest);
  }
}
