/** Each loss counts 1, and half of that after this time, ms. */
const halfLifeMs = 300_000;
/** Hysteresis: flapping from the first value on, until the score has fallen to the second. */
const raiseAt = 4;
const clearAt = 1;
const forgottenAt = 0.05;

/**
 * Finds devices that connect and disconnect all the time: each loss raises a score, and time halves it, with hysteresis,
 * as in route flap damping (RFC 2439 §4.2). Pure; times are ms on any one clock.
 */
export class Flapping {
  readonly #scores = new Map<string, { score: number; atMs: number; flapping: boolean }>();

  /** A device was lost, or replaced its own session. @returns true when it is flapping from now on. */
  lost(deviceId: string, nowMs: number): boolean {
    const entry = this.#scores.get(deviceId) ?? { score: 0, atMs: nowMs, flapping: false };
    entry.score = decayed(entry, nowMs) + 1;
    entry.atMs = nowMs;
    this.#scores.set(deviceId, entry);
    if (entry.flapping || entry.score < raiseAt) return false;
    entry.flapping = true;
    return true;
  }

  /** The device was flapping before a restart: the score starts at the upper threshold. */
  resume(deviceId: string, nowMs: number): void {
    this.#scores.set(deviceId, { score: raiseAt, atMs: nowMs, flapping: true });
  }

  /** @returns the devices that have stopped flapping */
  sweep(nowMs: number): string[] {
    const settled: string[] = [];
    for (const [deviceId, entry] of this.#scores) {
      if (decayed(entry, nowMs) > (entry.flapping ? clearAt : forgottenAt)) continue;
      if (entry.flapping) settled.push(deviceId);
      this.#scores.delete(deviceId);
    }
    return settled;
  }

  forget(deviceId: string): void {
    this.#scores.delete(deviceId);
  }
}

function decayed({ score, atMs }: { score: number; atMs: number }, nowMs: number): number {
  return score * 0.5 ** ((nowMs - atMs) / halfLifeMs);
}
