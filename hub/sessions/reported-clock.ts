import type { Clock } from '../kernel/time.ts';

/** A device reckons with its last so many exchanges (`welcome` and heartbeats), see the wire protocol. */
const keptExchanges = 8;
/** Less than this is the clock being slewed, or read in whole milliseconds. */
const toleranceMs = 100;

/**
 * What a session has told its device of the hub's clock. Should that clock be set meanwhile, the device still
 * reckons with the old one, and a deadline has to be put in its terms, or the command would be begun too late.
 */
export class ToldTime {
  /** The hub's clock less its monotonic one, at each exchange. */
  readonly #shifts: number[] = [];

  /** The hub's clock, Unix ms, which the device is told now. */
  tell(clock: Clock): number {
    const nowMs = clock.now();
    this.#shifts.push(nowMs - clock.monotonic());
    if (this.#shifts.length > keptExchanges) this.#shifts.shift();
    return nowMs;
  }

  /**
   * How far the device's reckoning is ahead of the hub's clock, ms; 0 unless that clock was set. A device takes
   * the least of what it was told, so it learns of a clock set back at once, of one set forward later.
   */
  aheadMs(clock: Clock): number {
    if (this.#shifts.length === 0) return 0;
    const aheadMs = Math.min(...this.#shifts) - (clock.now() - clock.monotonic());
    return Math.abs(aheadMs) < toleranceMs ? 0 : Math.floor(aheadMs);
  }
}
