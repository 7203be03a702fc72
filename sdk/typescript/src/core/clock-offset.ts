/** How many exchanges the estimate uses. */
const window = 8;

/**
 * Estimates the hub's clock from the device's uptime: hub time = uptime + min(t2 − t1) over the last 8 exchanges of
 * this session. `t1` is the uptime when a frame left, `t2` the hub's clock when it arrived. Each t2 − t1 is the true
 * offset plus the transit time, never less, so the estimate can only run ahead: a command may be considered late too
 * early, but never too late. (NTP halves the round trip, RFC 5905 §8, and can err both ways.)
 */
export class ClockOffset {
  readonly #differences: number[] = [];

  /** Starts again for a new session: the earlier measurements may come from another hub. */
  reset(): void {
    this.#differences.length = 0;
  }

  /** Adds one exchange, ms. Times that are not finite are ignored. */
  add(t1: number, t2: number): void {
    if (!Number.isFinite(t1) || !Number.isFinite(t2)) return;
    this.#differences.push(t2 - t1);
    if (this.#differences.length > window) this.#differences.shift();
  }

  /** The hub's clock at this uptime, Unix ms; undefined before the first exchange. */
  hubTime(uptimeMs: number): number | undefined {
    return this.#differences.length === 0 ? undefined : uptimeMs + Math.min(...this.#differences);
  }
}
