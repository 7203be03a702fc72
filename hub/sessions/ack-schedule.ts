import type { Cancel, Clock } from '../../schemas/time/clock.ts';

/** A session that owes its device a cumulative ack. */
export interface AckOwner {
  /** True while the owner is in the schedule. */
  ackScheduled: boolean;
  /** When its last ack left, or its session began, monotonic ms. */
  ackedAtMs: number;
  /** Sends `ack upTo` for the settled prefix. */
  flushAck(): void;
}

/** The shortest wait of a congested device for its ack, ms. */
const shortestPostponeMs = 100;
/** How long the ack of an idle device waits, so that frames sent together are acked together, ms. */
const idleWaitMs = 1;

/**
 * Acks are cumulative and delayed, because an ack costs more than everything between the frame and the
 * database. A device that sends less often than the delay has nothing to gather, so it is acked without delay, together
 * with everything settled in the same millisecond.
 * All sessions share one delay, so one queue in order of arrival and one timer serve them all. Congested sessions wait
 * in a queue of their own, so that they delay nobody else.
 *
 * Frames are settled batch by batch, and an ack between two batches says no more than one behind the first. So an ack leaves
 * behind the last batch that is expected before its time is up.
 */
export class AckSchedule {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #owed: WaitingLine;
  readonly #idle: WaitingLine;
  readonly #postponed: WaitingLine;
  /** When a batch was last settled, monotonic ms. */
  #settledAtMs = 0;
  #settling = false;

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    const flush = (owner: AckOwner): void => this.flush(owner);
    this.#owed = new WaitingLine(clock, delayMs, flush);
    this.#idle = new WaitingLine(clock, idleWaitMs, flush);
    this.#postponed = new WaitingLine(clock, Math.max(delayMs, shortestPostponeMs), flush);
  }

  /**
   * The owner has something to ack. It is flushed `delayMs` from now at the latest, unless it flushes itself before. A device
   * whose last ack is at least twice as long ago is idle, and does not wait.
   */
  add(owner: AckOwner): void {
    if (!this.#settling) {
      this.#settling = true;
      // Once all frames of the batch are settled.
      queueMicrotask(() => this.#settled());
    }
    if (owner.ackScheduled) return;
    if (this.#delayMs === 0) this.flush(owner);
    else if (this.now - owner.ackedAtMs >= 2 * this.#delayMs) this.#idle.add(owner);
    else this.#owed.add(owner);
  }

  /** Monotonic ms. */
  get now(): number {
    return this.#clock.monotonic();
  }

  /** Sends what is owed now. */
  flush(owner: AckOwner): void {
    owner.ackedAtMs = this.now;
    owner.flushAck();
  }

  /** The owner's connection is congested: try again a little later. */
  postpone(owner: AckOwner): void {
    if (!owner.ackScheduled) this.#postponed.add(owner);
  }

  close(): void {
    this.#owed.close();
    this.#idle.close();
    this.#postponed.close();
  }

  /** The next batch is expected after as long as this one took. */
  #settled(): void {
    this.#settling = false;
    const { now } = this;
    this.#owed.flushDueBefore(now + (now - this.#settledAtMs));
    this.#settledAtMs = now;
  }
}

/** Owners that all wait equally long, in order of arrival. */
class WaitingLine {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #flush: (owner: AckOwner) => void;
  #queue: { owner: AckOwner; dueMs: number }[] = [];
  #cancel: Cancel | undefined;

  constructor(clock: Clock, waitMs: number, flush: (owner: AckOwner) => void) {
    this.#clock = clock;
    this.#waitMs = waitMs;
    this.#flush = flush;
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

  /** @param limitMs monotonic ms */
  flushDueBefore(limitMs: number): void {
    const [first] = this.#queue;
    if (first === undefined || first.dueMs >= limitMs) return;
    this.#cancel?.();
    this.#flushUpTo(limitMs);
  }

  #run(): void {
    // Owners due at nearly the same time share a wake-up. An early ack is never wrong, but a later one acks more.
    this.#flushUpTo(this.#clock.monotonic() + this.#waitMs / 20);
  }

  #flushUpTo(horizonMs: number): void {
    this.#cancel = undefined;
    const later = this.#queue.findIndex(({ dueMs }) => dueMs > horizonMs);
    const due = this.#queue.splice(0, later < 0 ? this.#queue.length : later);
    const next = this.#queue[0];
    if (next !== undefined) {
      const waitMs = Math.max(1, next.dueMs - this.#clock.monotonic());
      this.#cancel = this.#clock.after(waitMs, () => this.#run());
    }
    for (const { owner } of due) {
      owner.ackScheduled = false;
      this.#flush(owner);
    }
  }
}
