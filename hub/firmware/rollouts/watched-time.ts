/** A time in which no hub watched the devices, Unix ms; without an end it goes on. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs?: number | undefined;
}

/** Kept of one rollout: a longer list comes from a hub that starts over and over again. */
const keptGaps = 50;
/** A hub that did nothing for longer than this heard nothing either, ms. */
const stalledMs = 5_000;

/** How much of the time between the two somebody watched, ms. What a hub did not see says nothing of a device. */
export function watchedBetween(fromMs: number, toMs: number, gaps: readonly Gap[]): number {
  let ms = toMs - fromMs;
  for (const gap of gaps) ms -= Math.max(0, Math.min(toMs, gap.toMs ?? toMs) - Math.max(fromMs, gap.fromMs));
  return ms;
}

/** When a rollout is watched, and since when it is not. */
export class WatchedTime {
  #gaps: readonly Gap[];
  #lastMs: number;
  /** Devices of which it is not known yet where they are since the hub is back. */
  readonly #unseen: Set<number>;

  /**
   * @param lastMs when somebody watched last, Unix ms
   * @param unseen after a restart: devices that may be back any moment; until each is seen the gap goes on
   */
  constructor(lastMs: number, gaps: readonly Gap[], unseen: Iterable<number>) {
    this.#lastMs = lastMs;
    this.#unseen = new Set(unseen);
    this.#gaps = this.#unseen.size === 0 || isOpen(gaps) ? gaps : withGap(gaps, { fromMs: lastMs });
  }

  /** Oldest first; they do not overlap. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** When somebody watched last, Unix ms. */
  get lastMs(): number {
    return this.#lastMs;
  }

  get isWatching(): boolean {
    return !isOpen(this.#gaps);
  }

  get unseen(): Iterable<number> {
    return this.#unseen;
  }

  /** It is known where the device is. */
  seen(index: number): void {
    this.#unseen.delete(index);
  }

  /** The hub looks at its devices now. @returns whether the gaps have changed */
  look(nowMs: number): boolean {
    if (isOpen(this.#gaps)) {
      if (this.#unseen.size > 0) return false;
      const { fromMs } = this.#gaps.at(-1) ?? { fromMs: nowMs };
      this.#gaps = withGap(this.#gaps.slice(0, -1), { fromMs, toMs: Math.max(fromMs, nowMs) });
      this.#lastMs = nowMs;
      return true;
    }
    const hasStalled = nowMs - this.#lastMs > stalledMs;
    if (hasStalled) this.#gaps = withGap(this.#gaps, { fromMs: this.#lastMs, toMs: nowMs });
    this.#lastMs = nowMs;
    return hasStalled;
  }
}

function isOpen(gaps: readonly Gap[]): boolean {
  const last = gaps.at(-1);
  return last !== undefined && last.toMs === undefined;
}

function withGap(gaps: readonly Gap[], gap: Gap): readonly Gap[] {
  return [...gaps, gap].slice(-keptGaps);
}
