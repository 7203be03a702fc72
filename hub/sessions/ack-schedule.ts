import type { Cancel, Clock } from '../kernel/time.ts';

/** A session that owes its device a cumulative ack. */
export interface AckOwner {
  /** True while the owner stands in the schedule. */
  ackScheduled: boolean;
  /** Sends `ack upTo` for the settled prefix. */
  flushAck(): void;
}

/** How long a congested device waits for its ack at least, ms. */
const shortestPostponeMs = 100;

/**
 * Acks are cumulative and delayed, because an ack costs more than everything between the frame and the
 * database. All sessions share one delay, so a queue in order of arrival and one timer serve them all; those
 * whose way out is congested wait in a queue of their own, so that they hold up nobody.
 */
export class AckSchedule {
  readonly #delayMs: number;
  readonly #owed: WaitingLine;
  readonly #postponed: WaitingLine;

  constructor(clock: Clock, delayMs: number) {
    this.#delayMs = delayMs;
    this.#owed = new WaitingLine(clock, delayMs);
    this.#postponed = new WaitingLine(clock, Math.max(delayMs, shortestPostponeMs));
  }

  /** The owner has something to ack: it is flushed `delayMs` from now, unless it flushed itself before. */
  add(owner: AckOwner): void {
    if (owner.ackScheduled) return;
    if (this.#delayMs === 0) owner.flushAck();
    else this.#owed.add(owner);
  }

  /** The owner's way out is congested: try again a little later. */
  postpone(owner: AckOwner): void {
    if (!owner.ackScheduled) this.#postponed.add(owner);
  }

  close(): void {
    this.#owed.close();
    this.#postponed.close();
  }
}

/** Owners that all wait equally long, in order of arrival. */
class WaitingLine {
  readonly #clock: Clock;
  readonly #waitMs: number;
  #queue: { owner: AckOwner; dueMs: number }[] = [];
  #cancel: Cancel | undefined;

  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  add(owner: AckOwner): void {
    owner.ackScheduled = true;
    this.#queue.push({ owner, dueMs: this.#clock.monotonic() + this.#waitMs });
    this.#cancel ??= this.#clock.after(this.#waitMs, () => this.#run());
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const { owner } of this.#queue.splice(0)) owner.ackScheduled = false;
  }

  #run(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonic();
    // A quarter of the wait of look-ahead: near neighbours share a wake-up; an early ack is never wrong.
    const horizonMs = now + this.#waitMs / 4;
    const later = this.#queue.findIndex(({ dueMs }) => dueMs > horizonMs);
    const due = this.#queue.splice(0, later < 0 ? this.#queue.length : later);
    const next = this.#queue[0];
    if (next !== undefined)
      this.#cancel = this.#clock.after(Math.max(1, next.dueMs - now), () => this.#run());
    for (const { owner } of due) {
      owner.ackScheduled = false;
      owner.flushAck();
    }
  }
}
