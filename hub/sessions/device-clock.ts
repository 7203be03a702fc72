/** What the heartbeats of one session say about a device's clocks. Pure. */

import type { ClockQuality } from '../../schemas/api/devices.ts';

const keptExchanges = 8;
/** An anchor this far off is replaced, and a wall clock this far off counts as wrong, ms. */
const toleranceMs = 1_000;

/** A further anchor applies from this much later, ms: no reading from then can arrive before the anchor is on disk. */
export const anchorLeadMs = 5_000;

/**
 * Estimates from the last exchanges. A delayed frame makes an exchange look late, never early, so the least delayed
 * exchange is the most accurate (Mills, RFC 5905 §10).
 */
export class DeviceClock {
  /** Hub time at uptime 0, according to the last exchanges. */
  readonly #anchors: number[] = [];
  readonly #offsets: number[] = [];
  #measuredMs: number | undefined;
  #anchorMs: number;
  /** Uptime at the last frame that named it, ms. */
  uptimeMs: number;

  constructor(anchorMs: number, uptimeMs: number) {
    this.#anchorMs = anchorMs;
    this.uptimeMs = uptimeMs;
  }

  /** A sign of life without an exchange: the hub's clock is doubted. */
  beat(uptimeMs: number): void {
    this.uptimeMs = Math.max(this.uptimeMs, uptimeMs);
  }

  /**
   * @param nowMs the hub's clock
   * @returns the anchor to use from now on, if the current one has become wrong; otherwise undefined
   */
  heartbeat(uptimeMs: number, wallMs: number | undefined, nowMs: number): number | undefined {
    this.beat(uptimeMs);
    this.#measuredMs = nowMs;
    keep(this.#anchors, nowMs - uptimeMs);
    if (wallMs !== undefined) keep(this.#offsets, wallMs - nowMs);
    if (this.#anchors.length < keptExchanges || Math.abs(this.#driftMs) <= toleranceMs) return undefined;
    this.#anchorMs = Math.min(...this.#anchors);
    return this.#anchorMs;
  }

  get quality(): ClockQuality {
    const measured = {
      driftMs: this.#driftMs,
      ...(this.#measuredMs === undefined ? {} : { measuredMs: this.#measuredMs }),
    };
    if (this.#offsets.length === 0) return { ...measured, quality: 'unknown' };
    const offsetMs = Math.max(...this.#offsets);
    return { ...measured, offsetMs, quality: Math.abs(offsetMs) <= toleranceMs ? 'good' : 'wrong' };
  }

  get #driftMs(): number {
    return this.#anchors.length === 0 ? 0 : Math.min(...this.#anchors) - this.#anchorMs;
  }
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > keptExchanges) values.shift();
}
