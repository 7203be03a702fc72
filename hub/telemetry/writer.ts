import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { backoff } from '../kernel/time.ts';
import type { Cancel, Clock } from '../kernel/time.ts';
import { Batch } from './batch.ts';
import type { FrameOwner } from './batch.ts';
import { writeWhole } from './refused-lines.ts';
import type { MetricsWriter } from './store.ts';

export interface WriterOptions {
  /** A line waits at most so long for others. */
  flushIntervalMs: number;
  /** Lines and characters of one write. */
  batchLines: number;
  batchSize: number;
  /** Lines and characters that may wait in all; beyond, `add…` answers false. */
  bufferLines: number;
  bufferSize: number;
}

export const defaultWriterOptions: WriterOptions = {
  flushIntervalMs: 100,
  batchLines: 5_000,
  batchSize: 1_000_000,
  bufferLines: 200_000,
  bufferSize: 64_000_000,
};

/** Plain integers; the books of the writer: added = stored + refused + waiting. */
export interface WriterCounters {
  added: number;
  stored: number;
  refused: number;
  writes: number;
  failedWrites: number;
}

export interface WriterDeps {
  store: MetricsWriter;
  clock: Clock;
  random: () => number;
  log: Log;
}

/**
 * The road from accepted lines to the store: one open batch, full ones waiting in order behind the one that is
 * being written. One write in flight; a frame is settled when its batch is stored, and not before.
 * While the store is away the batch is kept and tried again: the timestamps are fixed, so a repeat is harmless.
 */
export class Writer {
  readonly #deps: WriterDeps;
  readonly #options: WriterOptions;
  readonly counters: WriterCounters = { added: 0, stored: 0, refused: 0, writes: 0, failedWrites: 0 };
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
  /** Why the last write failed; undefined when it did not. For `/readyz`. */
  fault: string | undefined;

  constructor(deps: WriterDeps, options: WriterOptions = defaultWriterOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Lines waiting or being written. */
  get waiting(): number {
    return this.#waitingLines;
  }

  /** One reading. False: the buffer is full, nothing was taken. */
  addReading(owner: FrameOwner, seq: number, line: string): boolean {
    if (!this.#admit(1, line.length + 1)) return false;
    this.#open.addReading(owner, seq, line);
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
    this.#arm();
    return true;
  }

  /** Writes what waits, now. Resolves when nothing is waiting or the deadline passes. @returns lines left. */
  async drain(deadlineMs: number): Promise<number> {
    const { clock } = this.#deps;
    const end = clock.monotonic() + deadlineMs;
    const passed = Promise.withResolvers<void>();
    const cancel = clock.after(deadlineMs, passed.resolve);
    // There is no later: a store that was away is asked once more at once.
    this.#endPause?.();
    while (this.#waitingLines > 0 && !this.#closing && clock.monotonic() < end) {
      this.#flush();
      await Promise.race([this.#running, passed.promise]);
    }
    cancel();
    return this.#waitingLines;
  }

  /** Gives up what is left; call `drain` first. */
  close(): void {
    this.#closing = true;
    this.#timer?.();
    this.#endPause?.();
  }

  #admit(lines: number, size: number): boolean {
    const { bufferLines, bufferSize, batchLines, batchSize } = this.#options;
    if (this.#closing) return false;
    if (this.#waitingLines + lines > bufferLines || this.#waitingSize + size > bufferSize) return false;
    let open = this.#open;
    if (open.frames > 0 && (open.lines.length + lines > batchLines || open.size + size > batchSize)) {
      this.#full.push(open);
      this.#open = open = new Batch();
      this.#flush();
    }
    // One reading of the clock a batch, not a line.
    if (open.frames === 0) this.#openedAt = this.#deps.clock.monotonic();
    this.counters.added += lines;
    this.#waitingLines += lines;
    this.#waitingSize += size;
    return true;
  }

  #arm(): void {
    if (this.#running !== undefined || this.#timer !== undefined || this.#closing) return;
    const { clock } = this.#deps;
    // Lines that came during a write have waited that long already.
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

  /** Writes until nothing but a fresh open batch is left. */
  async #run(): Promise<void> {
    if (this.#closing) return;
    do {
      let batch = this.#full.shift();
      if (batch === undefined) {
        batch = this.#open;
        this.#open = new Batch();
      }
      if (batch.frames === 0) return;
      await this.#write(batch);
    } while (!this.#closing && this.#full.length > 0);
  }

  async #write(batch: Batch): Promise<void> {
    const { random, log } = this.#deps;
    const waits = backoff({ firstMs: 250, maxMs: 60_000, random });
    for (;;) {
      this.counters.writes += 1;
      const outcome = await writeWhole(this.#deps.store, batch.lines).catch((error: unknown) => ({
        kind: 'failed' as const,
        reason: messageOf(error),
        retryAfterMs: undefined,
      }));
      if (outcome.kind === 'done') {
        this.#settle(batch, outcome.refused);
        return;
      }
      this.counters.failedWrites += 1;
      if (this.fault === undefined) log.warn({ reason: outcome.reason }, 'store away, lines kept');
      this.fault = outcome.reason;
      // At most 600 s of the server's own wish (RFC 9110 §10.2.3), at least our own wait.
      const waitMs = Math.max(waits.next().value, Math.min(outcome.retryAfterMs ?? 0, 600_000));
      if (!this.#closing) await this.#pause(waitMs);
      if (this.#closing) return;
    }
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
    const { log } = this.#deps;
    if (this.fault !== undefined) log.info('store is back');
    this.fault = undefined;
    this.counters.refused += refused.size;
    this.counters.stored += batch.lines.length - refused.size;
    this.#waitingLines -= batch.lines.length;
    this.#waitingSize -= batch.size;
    const first = refused.values().next();
    if (first.done !== true) log.warn({ lines: refused.size, reason: first.value }, 'store refused lines');
    batch.settle(refused);
  }
}
