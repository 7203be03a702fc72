/** What the heartbeats of one session say about a device's clocks. Pure. */

import type { ClockQuality } from '../../schemas/api/devices.ts';

const keptExchanges = 8;
/** An anchor this far off is replaced, and a wall clock this far off is called wrong, ms. */
const toleranceMs = 1_000;

/** A further anchor holds from this much later: nothing of then can have come before it is on disk, ms. */
export const anchorLeadMs = 5_000;

/**
 * Estimates from the last exchanges. A frame that was held up makes an exchange look late, never early; so
 * the least delayed exchange is the one to believe (Mills, RFC 5905 §10).
 */
export class DeviceClock {
  /** Hub time at uptime 0, as the last exchanges say. */
  readonly #anchors: number[] = [];
  readonly #offsets: number[] = [];
  #anchorMs: number;
  /** Uptime at the last sign of it, ms. */
  uptimeMs: number;

  constructor(anchorMs: number, uptimeMs: number) {
    this.#anchorMs = anchorMs;
    this.uptimeMs = uptimeMs;
  }

  /**
   * @param nowMs the hub's clock
   * @returns the anchor to take from now on, when the one in use has gone wrong; else undefined
   */
  heartbeat(uptimeMs: number, wallMs: number | undefined, nowMs: number): number | undefined {
    this.uptimeMs = Math.max(this.uptimeMs, uptimeMs);
    keep(this.#anchors, nowMs - uptimeMs);
    if (wallMs !== undefined) keep(this.#offsets, wallMs - nowMs);
    if (this.#anchors.length < keptExchanges || Math.abs(this.#driftMs) <= toleranceMs) return undefined;
    this.#anchorMs = Math.min(...this.#anchors);
    return this.#anchorMs;
  }

  get quality(): ClockQuality {
    if (this.#offsets.length === 0) return { driftMs: this.#driftMs, quality: 'unknown' };
    const offsetMs = Math.max(...this.#offsets);
    const quality = Math.abs(offsetMs) <= toleranceMs ? 'good' : 'wrong';
    return { offsetMs, driftMs: this.#driftMs, quality };
  }

  get #driftMs(): number {
    return this.#anchors.length === 0 ? 0 : Math.min(...this.#anchors) - this.#anchorMs;
  }
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > keptExchanges) values.shift();
}
