import type { Cancel, Clock } from '../kernel/time.ts';

/** A session that owes its device a cumulative ack. */
export interface AckOwner {
  /** True while the owner stands in the schedule. */
  ackScheduled: boolean;
  /** Sends `ack upTo` for the settled prefix. */
  flushAck(): void;
}

/** How long a congested device waits for its ack at least, ms. */
const shortestWaitMs = 100;

/**
 * Acks are cumulative and delayed, because an ack costs more than everything between the frame and the
 * database. All sessions share one delay, so a queue in order of arrival and one timer serve them all.
 */
export class AckSchedule {
  readonly #clock: Clock;
  readonly #delayMs: number;
  #queue: { owner: AckOwner; dueMs: number }[] = [];
  #cancel: Cancel | undefined;

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** The owner has something to ack: it is flushed `delayMs` from now, unless it flushed itself before. */
  add(owner: AckOwner): void {
    if (owner.ackScheduled) return;
    if (this.#delayMs === 0) owner.flushAck();
    else this.#enqueue(owner, this.#delayMs);
  }

  /** The owner's way out is congested: try again a little later. */
  postpone(owner: AckOwner): void {
    if (!owner.ackScheduled) this.#enqueue(owner, Math.max(this.#delayMs, shortestWaitMs));
  }

  close(): void {
    this.#cancel?.();
    this.#queue = [];
  }

  #enqueue(owner: AckOwner, waitMs: number): void {
    owner.ackScheduled = true;
    this.#queue.push({ owner, dueMs: this.#clock.monotonic() + waitMs });
    this.#cancel ??= this.#clock.after(waitMs, () => this.#run());
  }

  #run(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonic();
    // A quarter of the delay of look-ahead: near neighbours share a wake-up; an early ack is never wrong.
    const horizonMs = now + this.#delayMs / 4;
    const later = this.#queue.findIndex(({ dueMs }) => dueMs > horizonMs);
    const due = later < 0 ? this.#queue : this.#queue.slice(0, later);
    this.#queue = later < 0 ? [] : this.#queue.slice(later);
    for (const { owner } of due) {
      owner.ackScheduled = false;
      owner.flushAck();
    }
    const next = this.#queue[0];
    if (next !== undefined)
      this.#cancel ??= this.#clock.after(Math.max(1, next.dueMs - now), () => this.#run());
  }
}
