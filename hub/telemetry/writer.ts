import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { Batch } from './batch.ts';
import type { FrameOwner } from './batch.ts';
import type { DropCause, Ledger } from './ledger.ts';
import type { DiskReserve } from './disk-reserve.ts';
import type { Spool } from './spool.ts';
import type { StoreLink } from './store-link.ts';

export interface WriterOptions {
  /** The longest that a line waits for others. */
  flushIntervalMs: number;
  /** Lines and characters of one write. */
  batchLines: number;
  batchSize: number;
  /** Lines and characters that may wait in total; beyond this, `add…` returns false. */
  bufferLines: number;
  bufferSize: number;
  /** A live batch that is not answered within this time is spooled. */
  answerWithinMs: number;
}

export const defaultWriterOptions: WriterOptions = {
  flushIntervalMs: 80,
  batchLines: 5_000,
  batchSize: 1_000_000,
  bufferLines: 200_000,
  bufferSize: 64_000_000,
  answerWithinMs: 1_000,
};

export interface WriterDeps {
  link: StoreLink;
  spool: Spool;
  /** Of the disk that holds the spool. */
  disk: Pick<DiskReserve, 'reached'>;
  /** The store is on that disk too. */
  storeIsLocal: boolean;
  ledger: Ledger;
  clock: Clock;
  log: Log;
}

/** When neither the store nor the spool takes a batch, both are tried again after this time, ms. */
const retryMs = 1_000;

/**
 * Brings accepted lines to a safe place: one batch is open, and full ones wait in order behind the one being
 * written.
 *
 *     batch ── store takes it in time ────────────────────▶ settled: stored
 *        │  └─ store refuses lines ─▶ dead letters, synced ─▶ settled: the others stored, those nacked
 *        └──── store away or slow ──▶ spool, synced ────────▶ settled: spooled
 *
 * A frame settles then, and not before. If the spool fails too, the batch stays in memory and is tried again.
 */
export class Writer {
  readonly #deps: WriterDeps;
  readonly #options: WriterOptions;
  #open = new Batch();
  readonly #full: Batch[] = [];
  #waitingLines = 0;
  #waitingSize = 0;
  /** When the open batch got its first line, monotonic ms. */
  #openedAt = 0;
  #timer: Cancel | undefined;
  #running: Promise<void> | undefined;
  #closing = false;
  #endPause: (() => void) | undefined;

  constructor(deps: WriterDeps, options: WriterOptions = defaultWriterOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Lines waiting or being written. */
  get waiting(): number {
    return this.#waitingLines;
  }

  /** How full the buffer is, 0 to 1. */
  get fill(): number {
    const { bufferLines, bufferSize } = this.#options;
    return Math.max(this.#waitingLines / bufferLines, this.#waitingSize / bufferSize);
  }

  /** One reading. False: the buffer is full, nothing was taken. */
  addReading(owner: FrameOwner, seq: number, line: string): boolean {
    if (!this.#admit(1, line.length + 1)) return false;
    this.#open.addReading(owner, seq, line);
    this.#deps.ledger.taken(owner.account, 1);
    this.#arm();
    return true;
  }

  /** The lines of one batch frame. False: the buffer is full, nothing was taken. */
  addSamples(
    owner: FrameOwner,
    seq: number,
    lines: readonly string[],
    samples: readonly number[] | undefined,
  ): boolean {
    let size = 0;
    for (const line of lines) size += line.length + 1;
    if (!this.#admit(lines.length, size)) return false;
    this.#open.addSamples(owner, seq, lines, samples);
    this.#deps.ledger.taken(owner.account, lines.length);
    this.#arm();
    return true;
  }

  /** Writes everything that waits, now. Resolves when nothing waits or the deadline passes. @returns the lines left */
  async drain(deadlineMs: number): Promise<number> {
    const { clock } = this.#deps;
    const end = clock.monotonic() + deadlineMs;
    const passed = Promise.withResolvers<void>();
    const cancel = clock.after(deadlineMs, passed.resolve);
    // This is the last chance: a batch that neither store nor spool took is tried again immediately.
    this.#endPause?.();
    while (this.#waitingLines > 0 && !this.#closing && clock.monotonic() < end) {
      this.#flush();
      await Promise.race([this.#running, passed.promise]);
    }
    cancel();
    return this.#waitingLines;
  }

  /** Gives up what is left. Call `drain` first. */
  close(): void {
    this.#closing = true;
    this.#timer?.();
    this.#endPause?.();
  }

  /** True when new lines could neither be stored nor spooled. */
  get blocked(): boolean {
    const { link, spool, disk, storeIsLocal } = this.#deps;
    if (disk.reached && (storeIsLocal || !link.up)) return true;
    // While nothing waits, nothing would find that the spool works again: then one batch may try.
    return !link.up && (spool.full || (spool.fault !== undefined && this.#waitingLines > 0));
  }

  /** The store does not answer, so everything goes to the spool, if that works. */
  get storeAway(): boolean {
    return this.blocked || !this.#deps.link.up;
  }

  #admit(lines: number, size: number): boolean {
    const { bufferLines, bufferSize, batchLines, batchSize } = this.#options;
    if (this.#closing || this.blocked) return false;
    if (this.#waitingLines + lines > bufferLines || this.#waitingSize + size > bufferSize) return false;
    let open = this.#open;
    if (open.frames > 0 && (open.lines.length + lines > batchLines || open.size + size > batchSize)) {
      this.#full.push(open);
      this.#open = open = new Batch();
      this.#flush();
    }
    // The clock is read once per batch, not once per line.
    if (open.frames === 0) this.#openedAt = this.#deps.clock.monotonic();
    this.#waitingLines += lines;
    this.#waitingSize += size;
    return true;
  }

  #arm(): void {
    if (this.#running !== undefined || this.#timer !== undefined || this.#closing) return;
    const { clock } = this.#deps;
    // Lines that came during a write have already waited as long as it took.
    const dueMs = this.#openedAt + this.#options.flushIntervalMs - clock.monotonic();
    this.#timer = clock.after(Math.max(0, dueMs), () => this.#flush());
  }

  #flush(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#waitingLines > 0) this.#arm();
    });
  }

  /** Works until only a fresh open batch is left. */
  async #run(): Promise<void> {
    if (this.#closing) return;
    do {
      let batch = this.#full.shift();
      if (batch === undefined) {
        batch = this.#open;
        this.#open = new Batch();
      }
      if (batch.frames === 0) return;
      while (!(await this.#bring(batch))) {
        if (this.#closing) return;
        await this.#pause(retryMs);
      }
    } while (!this.#closing && this.#full.length > 0);
  }

  /** @returns false when the batch is not in a safe place yet */
  async #bring(batch: Batch): Promise<boolean> {
    const { link, spool, ledger, log } = this.#deps;
    const { answerWithinMs } = this.#options;
    try {
      if (link.up) {
        const outcome = await link.write(batch.lines, answerWithinMs, answerWithinMs);
        if (outcome.kind === 'done') {
          const dropped = await this.#keepRefused(batch, outcome.refused);
          batch.recordIn(ledger, outcome.refused, dropped);
          this.#settle(batch, outcome.refused);
          return true;
        }
      }
      if (spool.full) return false;
      await spool.append(batch.lines, batch.shares(), batch.size);
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'neither stored nor spooled: lines are kept in memory');
      return false;
    }
    for (const [id, points] of Object.entries(batch.shares())) {
      ledger.moved(ledger.account(id), 'inFlight', 'spooled', points);
    }
    this.#settle(batch, new Map());
    return true;
  }

  /** @returns the refused lines for which there is no room, and why */
  async #keepRefused(
    batch: Batch,
    refused: ReadonlyMap<number, string>,
  ): Promise<ReadonlyMap<number, DropCause>> {
    if (refused.size === 0) return new Map();
    const { spool, log } = this.#deps;
    const letters = [...refused].map(([index, reason]) => ({ line: batch.lines[index] ?? '', reason }));
    const dropped = await spool.addDeadLetters(letters);
    log.warn(
      { lines: letters.length, dropped: dropped.size, reason: letters[0]?.reason },
      'store refused lines: they are dead letters',
    );
    const indexes = [...refused.keys()];
    return new Map([...dropped].map(([at, cause]) => [indexes[at] ?? at, cause]));
  }

  /** Waits before the next attempt; `close` ends it early, so that no timer outlives the hub. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(ms, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  #settle(batch: Batch, refused: ReadonlyMap<number, string>): void {
    this.#waitingLines -= batch.lines.length;
    this.#waitingSize -= batch.size;
    batch.settle(refused);
  }
}
