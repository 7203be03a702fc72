import type { Clock } from '../../schemas/time/clock.ts';

/** A device computes the offset from this many exchanges (`welcome` and heartbeats), see the wire protocol. */
const keptExchanges = 8;
/** Less than this is a clock being slewed, or read in whole milliseconds. */
const toleranceMs = 100;

/**
 * The hub's clock as a session has reported it to its device. If that clock is set meanwhile, the device still uses
 * the old one, so a deadline has to be converted to it, or the command would be begun too late.
 */
export class ReportedClock {
  /** The hub's clock less its monotonic one, at each exchange. */
  readonly #shifts: number[] = [];

  /** The hub's clock, Unix ms, to be reported to the device now. */
  report(clock: Clock): number {
    const nowMs = clock.now();
    this.#shifts.push(nowMs - clock.monotonic());
    if (this.#shifts.length > keptExchanges) this.#shifts.shift();
    return nowMs;
  }

  /**
   * How far the device's idea of the hub's clock is ahead of that clock, ms; 0 unless the clock was set. A device uses
   * the smallest of the reported values, so it learns immediately of a clock set back, and later of one set forward.
   */
  aheadMs(clock: Clock): number {
    if (this.#shifts.length === 0) return 0;
    const aheadMs = Math.min(...this.#shifts) - (clock.now() - clock.monotonic());
    return Math.abs(aheadMs) < toleranceMs ? 0 : Math.floor(aheadMs);
  }
}
