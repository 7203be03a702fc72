/**
 * Which data frames of a session are settled (stored, or nacked on their own), and up to where the settled
 * prefix reaches: the `upTo` of the next ack. Pure; one a session; bounded by `capacity` pending frames.
 */
export class Settlement {
  /** Ring of the pending seqs in rising order; a seq settled out of order leaves `settledMark` in its place. */
  readonly #pending: Float64Array;
  #head = 0;
  #length = 0;
  #unsettled = 0;
  #lastSeq = 0;

  /** @param capacity how many frames may be unsettled at a time (`inFlight`). */
  constructor(capacity: number) {
    // Twice the window: marks of frames settled out of order stay until the prefix passes them.
    this.#pending = new Float64Array(capacity * 2);
  }

  /** Frames begun and not yet settled. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** The highest seq seen, 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Every seq up to and with this one is settled. */
  get settledUpTo(): number {
    return this.#length === 0 ? this.#lastSeq : Math.abs(this.#at(0)) - 1;
  }

  /** True when one more frame may be begun. */
  get hasRoom(): boolean {
    return this.#length < this.#pending.length && this.#unsettled * 2 < this.#pending.length;
  }

  /** The frame `seq` arrived and waits to be stored. Call only with room, and with rising seqs. */
  begin(seq: number): void {
    this.#lastSeq = seq;
    this.#pending[(this.#head + this.#length) % this.#pending.length] = seq;
    this.#length += 1;
    this.#unsettled += 1;
  }

  /** The frame `seq` was refused on arrival: it is settled without waiting. */
  pass(seq: number): void {
    this.#lastSeq = seq;
  }

  /** A pending frame is settled. A seq that is not pending is ignored. */
  settle(seq: number): void {
    for (let index = 0; index < this.#length; index++) {
      if (this.#at(index) !== seq) continue;
      // The sign is the mark; seqs start at 1.
      this.#pending[(this.#head + index) % this.#pending.length] = -seq;
      this.#unsettled -= 1;
      break;
    }
    while (this.#length > 0 && this.#at(0) < 0) {
      this.#head = (this.#head + 1) % this.#pending.length;
      this.#length -= 1;
    }
  }

  #at(index: number): number {
    return this.#pending[(this.#head + index) % this.#pending.length] ?? 0;
  }
}
