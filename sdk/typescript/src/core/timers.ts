import type { Cancel, Clock } from '../../../../schemas/time/clock.ts';

/** The part of a clock that the core uses; its time is the uptime. */
export type Timers = Pick<Clock, 'monotonic' | 'after' | 'every'>;

interface Entry {
  dueMs: number;
  everyMs: number | undefined;
  run: () => void;
}

/** Times are sums of fractions: what is due in less than this is due, ms. */
const slackMs = 0.001;

/** Timers on the uptime that the port passes in: the core reads no clock of its own. */
export class Agenda implements Timers {
  #nowMs: number;
  readonly #entries = new Set<Entry>();

  constructor(up: number) {
    this.#nowMs = up;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** Time never runs backwards, whatever the port says. */
  moveTo(up: number): void {
    if (Number.isFinite(up) && up > this.#nowMs) this.#nowMs = up;
  }

  /** Runs what is due, once each, in its order; what that sets anew waits for the next call. @returns ms until more is due */
  runDue(): number {
    const due = [...this.#entries].filter(({ dueMs }) => dueMs <= this.#nowMs + slackMs);
    for (const entry of due.toSorted((a, b) => a.dueMs - b.dueMs)) {
      // An earlier one may have stopped it.
      if (!this.#entries.has(entry)) continue;
      // After a long sleep, what repeats is due once and not for each time that it missed.
      if (entry.everyMs === undefined) this.#entries.delete(entry);
      else entry.dueMs = Math.max(entry.dueMs + entry.everyMs, this.#nowMs + entry.everyMs / 2);
      entry.run();
    }
    return this.nextInMs();
  }

  /** Ms until something is due; Infinity when nothing is. */
  nextInMs(): number {
    let nextMs = Infinity;
    for (const { dueMs } of this.#entries) nextMs = Math.min(nextMs, dueMs);
    return Math.max(0, nextMs - this.#nowMs);
  }

  after(ms: number, run: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + Math.max(0, ms), everyMs: undefined, run });
  }

  every(ms: number, run: () => void): Cancel {
    const everyMs = Math.max(1, ms);
    return this.#add({ dueMs: this.#nowMs + everyMs, everyMs, run });
  }

  #add(entry: Entry): Cancel {
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }
}
