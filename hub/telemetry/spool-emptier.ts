import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { Spool } from './spool.ts';
import type { StoreLink } from './store-link.ts';

export interface SpoolEmptierOptions {
  /** Lines per second at most, on average, so that live traffic gets most of the store's capacity. */
  linesPerSec: number;
  /** Longer than a live write may take: a slow store still gets its lines. */
  answerWithinMs: number;
}

const defaultOptions: SpoolEmptierOptions = { linesPerSec: 20_000, answerWithinMs: 10_000 };

/** After a fault of the spool itself, ms. */
const faultWaitMs = 1_000;

/**
 * Writes the spool to the store, in order, while the store is up. One write is in flight at a time, followed by a pause
 * at least as long as the write took. Lines that the store refuses become dead letters.
 */
export class SpoolEmptier {
  readonly #deps: { link: StoreLink; spool: Spool; clock: Clock; log: Log };
  readonly #options: SpoolEmptierOptions;
  #running: Promise<void> | undefined;
  #cancelWait: Cancel | undefined;
  #closed = false;

  constructor(
    deps: { link: StoreLink; spool: Spool; clock: Clock; log: Log },
    options: SpoolEmptierOptions = defaultOptions,
  ) {
    this.#deps = deps;
    this.#options = options;
    deps.link.follow(() => this.start());
    deps.spool.follow(() => this.start());
  }

  /** Works until the spool is empty or the store is down. Starts by itself whenever either changes. */
  start(): void {
    if (this.#closed || this.#cancelWait !== undefined) return;
    this.#running ??= this.#step()
      .catch((error: unknown) => {
        this.#deps.log.error({ reason: messageOf(error) }, 'the spool cannot be emptied now');
        return faultWaitMs;
      })
      .then((waitMs) => {
        this.#running = undefined;
        if (this.#closed) return;
        if (waitMs !== undefined) this.#startIn(waitMs);
        // Something was spooled since the spool was last checked.
        else if (this.#hasWork) this.#startIn(0);
      });
  }

  /** Waits for the write under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelWait?.();
    await this.#running;
  }

  get #hasWork(): boolean {
    const { link, spool } = this.#deps;
    return link.up && spool.lines > 0;
  }

  #startIn(waitMs: number): void {
    this.#cancelWait = this.#deps.clock.after(waitMs, () => {
      this.#cancelWait = undefined;
      this.start();
    });
  }

  /** One write. @returns how long to wait before the next one, ms; undefined when there is nothing to do now */
  async #step(): Promise<number | undefined> {
    const { link, spool, clock, log } = this.#deps;
    if (!this.#hasWork) return undefined;
    const entry = await spool.head();
    if (entry === undefined) return undefined;
    const startedMs = clock.monotonic();
    const outcome = await link.write(entry.lines, this.#options.answerWithinMs);
    if (outcome.kind !== 'done') return undefined;
    await spool.written(entry, outcome.refused);
    const [reason] = outcome.refused.values();
    if (reason !== undefined) {
      log.warn(
        { lines: outcome.refused.size, reason },
        'the store refused spooled lines: they are now dead letters',
      );
    }
    if (spool.lines === 0) log.info('the spool is empty');
    const tookMs = clock.monotonic() - startedMs;
    return Math.max(tookMs, (entry.lines.length * 1000) / this.#options.linesPerSec - tookMs);
  }
}
