import type { DropCause, LedgerAccount, Ledger } from './ledger.ts';

/** The owner of a frame's lines: the session it came in. */
export interface FrameOwner {
  /** The ledger account of its points. */
  readonly account: LedgerAccount;
  /** Every line of the frame that was not refused is stored, or in the synced spool. */
  stored(seq: number): void;
  /**
   * The store permanently refused these samples of the frame; the others are stored.
   * @param samples indexes into the frame's `samples`; undefined when the frame is one reading.
   */
  refusedByStore(seq: number, samples: readonly number[] | undefined, reason: string): void;
}

/**
 * Lines on their way to the store, and the frames they came in. Frames stay whole: a frame's lines are all
 * in one batch, so that one write settles it. Parallel arrays, because a frame must not cost an object.
 */
export class Batch {
  readonly lines: string[] = [];
  /** Characters; line protocol is mostly ASCII, so bytes to within the few that are not. */
  size = 0;
  readonly #owners: FrameOwner[] = [];
  readonly #seqs: number[] = [];
  /** Index of each frame's first line. */
  readonly #starts: number[] = [];
  /** The samples a frame's lines stand for: undefined when it has all of them, or is one reading. */
  readonly #samples: (readonly number[] | undefined)[] = [];
  readonly #single: boolean[] = [];

  get frames(): number {
    return this.#owners.length;
  }

  addReading(owner: FrameOwner, seq: number, line: string): void {
    this.#addFrame(owner, seq, undefined, true);
    this.lines.push(line);
    this.size += line.length + 1;
  }

  /** @param samples the index of each line's sample, when bad samples were left out. */
  addSamples(
    owner: FrameOwner,
    seq: number,
    lines: readonly string[],
    samples: readonly number[] | undefined,
  ): void {
    this.#addFrame(owner, seq, samples, false);
    for (const line of lines) {
      this.lines.push(line);
      this.size += line.length + 1;
    }
  }

  /** Lines by account. */
  shares(): Record<string, number> {
    const shares = new Map<string, number>();
    for (const [frame, { account }] of this.#owners.entries()) {
      const lines = this.#end(frame) - (this.#starts[frame] ?? 0);
      shares.set(account.id, (shares.get(account.id) ?? 0) + lines);
    }
    return Object.fromEntries(shares);
  }

  /**
   * Enters the lines in the ledger: the store has all but the refused ones, which are dead letters.
   * @param dropped refused lines that are not even that, and why
   */
  recordIn(
    ledger: Ledger,
    refused: ReadonlyMap<number, string>,
    dropped: ReadonlyMap<number, DropCause> = new Map(),
  ): void {
    for (let frame = 0; frame < this.#owners.length; frame += 1) {
      const account = this.#owners[frame]?.account;
      if (account === undefined) continue;
      const start = this.#starts[frame] ?? 0;
      let stored = this.#end(frame) - start;
      if (refused.size > 0) {
        let dead = 0;
        for (let line = start; line < this.#end(frame); line++) {
          if (!refused.has(line)) continue;
          stored -= 1;
          const cause = dropped.get(line);
          if (cause === undefined) dead += 1;
          else ledger.lost(account, 'inFlight', cause, 1);
        }
        if (dead > 0) ledger.moved(account, 'inFlight', 'deadLettered', dead);
      }
      ledger.stored(account, stored);
    }
  }

  /**
   * Settles every frame: the store has all lines but the refused ones.
   * @param refused line index → the store's reason.
   */
  settle(refused: ReadonlyMap<number, string>): void {
    for (let frame = 0; frame < this.#owners.length; frame++) {
      const owner = this.#owners[frame];
      const seq = this.#seqs[frame];
      if (owner === undefined || seq === undefined) continue;
      // A nack is always sent before the ack that covers it.
      if (refused.size > 0) this.#reportRefused(owner, seq, frame, refused);
      owner.stored(seq);
    }
  }

  #reportRefused(owner: FrameOwner, seq: number, frame: number, refused: ReadonlyMap<number, string>): void {
    const start = this.#starts[frame] ?? 0;
    const end = this.#end(frame);
    const kept = this.#samples[frame];
    const samples: number[] = [];
    let reason: string | undefined;
    for (let line = start; line < end; line++) {
      const why = refused.get(line);
      if (why === undefined) continue;
      reason ??= why;
      samples.push(kept?.[line - start] ?? line - start);
    }
    if (reason === undefined) return;
    owner.refusedByStore(seq, this.#single[frame] === true ? undefined : samples, reason);
  }

  /** Index after the frame's last line. */
  #end(frame: number): number {
    return this.#starts[frame + 1] ?? this.lines.length;
  }

  #addFrame(owner: FrameOwner, seq: number, samples: readonly number[] | undefined, single: boolean): void {
    this.#owners.push(owner);
    this.#seqs.push(seq);
    this.#starts.push(this.lines.length);
    this.#samples.push(samples);
    this.#single.push(single);
  }
}
