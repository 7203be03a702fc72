/** What others say the time is: devices in their heartbeats, and the metrics store in its answers. */

/** How the machine's clock compares with what others say. `by`: who said so. */
export type ClockVerdict =
  | { kind: 'agree'; by: 'devices' | 'store' }
  /** @param shiftMs wall clock less monotonic one, as they say */
  | { kind: 'contradict'; shiftMs: number; words: string };

/** How far the machine's clock may be off before readings are refused for it, ms. */
export interface ClockBounds {
  maxAgeMs: number;
  maxAheadMs: number;
}

interface Statement {
  /** Their wall clock less our monotonic one, ms: it stays the same when ours is set. */
  shiftMs: number;
  /** Monotonic ms. */
  saidAt: number;
}

/** Devices remembered; with more of them the oldest statement goes. */
const maxDevices = 1_000;
/** What was said earlier counts no more, ms. */
const freshMs = 600_000;
/** Transit, and the whole seconds of an HTTP date, ms. */
const sameMs = 5_000;
/** Fewer devices contradict nobody: one of them may be wrong itself. */
const contradicting = 3;

export class ClockWitnesses {
  readonly #devices = new Map<string, Statement>();
  #store: Statement | undefined;
  /** It was set together with this machine's clock, so it is the same clock and no witness. */
  #storeShares = false;

  device(deviceId: string, wallMs: number, monotonicMs: number): void {
    // Again at the end: the first of the map is the oldest.
    this.#devices.delete(deviceId);
    this.#devices.set(deviceId, { shiftMs: wallMs - monotonicMs, saidAt: monotonicMs });
    if (this.#devices.size <= maxDevices) return;
    for (const oldest of this.#devices.keys()) {
      this.#devices.delete(oldest);
      break;
    }
  }

  store(wallMs: number, monotonicMs: number): void {
    const shiftMs = wallMs - monotonicMs;
    if (this.#store !== undefined && Math.abs(shiftMs - this.#store.shiftMs) > sameMs)
      this.#storeShares = true;
    this.#store = { shiftMs, saidAt: monotonicMs };
  }

  /**
   * Devices decide when there are any, since a store often runs on the same machine. More have to say the same time
   * as this machine than say another one.
   * @param earliestMs who says an earlier time than this, Unix ms, has no clock worth the name
   */
  verdict(
    nowMs: number,
    monotonicMs: number,
    earliestMs: number,
    bounds: ClockBounds,
  ): ClockVerdict | undefined {
    const shiftMs = nowMs - monotonicMs;
    const counts = (statement: Statement): boolean =>
      monotonicMs - statement.saidAt <= freshMs && statement.shiftMs + monotonicMs >= earliestMs;
    const said = [...this.#devices.values()].filter(counts).map((statement) => statement.shiftMs);
    if (said.length === 0) return this.#storesVerdict(shiftMs, counts, bounds);
    const others = said.filter((other) => Math.abs(other - shiftMs) > sameMs);
    const agreeing = said.length - others.length;
    if (agreeing > others.length) return { kind: 'agree', by: 'devices' };
    const middleMs = others.toSorted((a, b) => a - b)[Math.floor(others.length / 2)] ?? shiftMs;
    const same = others.filter((other) => Math.abs(other - middleMs) <= sameMs).length;
    if (same < contradicting || same * 3 <= said.length * 2 || !matters(middleMs - shiftMs, bounds))
      return undefined;
    return { kind: 'contradict', shiftMs: middleMs, words: `${same} of ${said.length} devices` };
  }

  #storesVerdict(
    shiftMs: number,
    counts: (statement: Statement) => boolean,
    bounds: ClockBounds,
  ): ClockVerdict | undefined {
    const store = this.#store;
    if (store === undefined || this.#storeShares || !counts(store)) return undefined;
    const offMs = store.shiftMs - shiftMs;
    if (Math.abs(offMs) <= sameMs) return { kind: 'agree', by: 'store' };
    if (!matters(offMs, bounds)) return undefined;
    return { kind: 'contradict', shiftMs: store.shiftMs, words: 'the metrics store' };
  }
}

/** Readings with the right time would be refused for it. @param offMs how far the others are ahead of this machine */
function matters(offMs: number, { maxAgeMs, maxAheadMs }: ClockBounds): boolean {
  return offMs > maxAheadMs || offMs < -maxAgeMs;
}
