import type { SessionLimits } from '../../../../schemas/protocol/hub-frames.ts';

/**
 * Keeps a device below `limits.messagesPerSec`: a token bucket that is a little slower and much smaller than the
 * hub's, because frames that leave evenly may arrive in bursts.
 */
export class Pacing {
  #perMs = 1;
  #burst = 1;
  #tokens = 1;
  #atMs = 0;

  /** @param limits of `welcome`; a hub that does not state a burst takes the frames of one second in one */
  start(
    { messagesPerSec, burst = messagesPerSec }: Pick<SessionLimits, 'messagesPerSec' | 'burst'>,
    nowMs: number,
  ): void {
    this.#perMs = (messagesPerSec * 0.95) / 1000;
    this.#burst = Math.max(1, burst / 4);
    this.#tokens = this.#burst;
    this.#atMs = nowMs;
  }

  /** Time until a frame may leave, ms; 0: now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) / this.#perMs);
  }

  /** A frame left. Heartbeats and answers to commands never wait; readings pay for them later. */
  took(nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= 1;
  }

  #fill(nowMs: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
  }
}
