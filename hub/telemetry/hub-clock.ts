import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';

/** The latest time the hub has seen, on disk. */
export interface HubClockStore {
  /** Unix ms; 0 before the first. */
  lastMs(): Promise<number>;
  saveLastMs(ms: number): Promise<void>;
}

const saveEveryMs = 10_000;
/** NTP may step back a little. */
const toleranceMs = 1_000;

/**
 * Detects a hub clock that went back behind the latest time on disk (a dead battery, a wrong NTP server). Readings would be
 * permanently refused as coming from the future, so devices are asked to retry later while the clock is behind.
 */
export class HubClock {
  readonly #deps: { clock: Clock; store: HubClockStore; log: Log };
  #lastMs = 0;
  #stop: () => void = () => {};
  /** The machine's clock is behind what the hub has seen. */
  behind = false;

  constructor(deps: { clock: Clock; store: HubClockStore; log: Log }) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#lastMs = await this.#deps.store.lastMs();
    this.#look();
    this.#stop = this.#deps.clock.every(saveEveryMs, () => this.#look());
  }

  close(): void {
    this.#stop();
  }

  #look(): void {
    const { clock, store, log } = this.#deps;
    const now = clock.now();
    const behind = now < this.#lastMs - toleranceMs;
    if (behind && !this.behind)
      log.error({ now, last: this.#lastMs }, 'the clock of this machine has gone back');
    if (!behind && this.behind) log.info('the clock of this machine is right again');
    this.behind = behind;
    if (now <= this.#lastMs) return;
    this.#lastMs = now;
    store.saveLastMs(now).catch((error: unknown) => {
      log.warn({ reason: messageOf(error) }, 'the time was not saved');
    });
  }
}
