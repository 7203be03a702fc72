import type { Cancel, Clock } from '../../schemas/time/clock.ts';

interface Timer {
  dueMs: number;
  /** Breaks ties: timers due at the same time run in the order they were set. */
  order: number;
  everyMs: number | undefined;
  run: () => void;
}

/** More timers than this in one advance is a timer that sets itself again without end. */
const runLimit = 1_000_000;

/** Time turned by hand: nothing happens but in `advance`, and there in the order of the due times. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** @param startMs Unix time, ms; 2026-01-01 00:00:00 UTC when not given */
  constructor(startMs = 1_767_225_600_000) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  after(ms: number, run: () => void): Cancel {
    return this.#set(ms, undefined, run);
  }

  every(ms: number, run: () => void): Cancel {
    // Node's timers make 0 a 1 as well.
    return this.#set(Math.max(ms, 1), Math.max(ms, 1), run);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Ms until the next timer is due; undefined when none waits. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : Math.max(0, next.dueMs - this.#monotonicMs);
  }

  /** Steps the wall clock, as an operator or NTP would: no timer runs, monotonic time stands. */
  setNow(unixMs: number): void {
    this.#nowMs = unixMs;
  }

  /** Moves both clocks on by `ms`, running each timer at its time, also those set on the way. */
  advance(ms: number): void {
    for (const run of this.#dueWithin(ms)) run();
  }

  /**
   * As `advance`, and lets promises and I/O callbacks run after each timer and at the end: for code that awaits
   * between two timers.
   */
  async advanceAsync(ms: number): Promise<void> {
    await settle();
    for (const run of this.#dueWithin(ms)) {
      run();
      await settle();
    }
  }

  *#dueWithin(ms: number): Generator<() => void> {
    const endMs = this.#monotonicMs + ms;
    for (let runs = 0; ; runs += 1) {
      const timer = this.#next();
      if (timer === undefined || timer.dueMs > endMs) break;
      if (runs === runLimit)
        throw new Error(`${runLimit} timers ran within ${ms} ms: one sets itself without end`);
      this.#moveTo(timer.dueMs);
      if (timer.everyMs === undefined) this.#timers.delete(timer);
      else timer.dueMs += timer.everyMs;
      yield timer.run;
    }
    this.#moveTo(endMs);
  }

  #moveTo(monotonicMs: number): void {
    const stepMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs += stepMs;
    this.#nowMs += stepMs;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      const sooner =
        next === undefined ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order);
      if (sooner) next = timer;
    }
    return next;
  }

  #set(ms: number, everyMs: number | undefined, run: () => void): Cancel {
    this.#order += 1;
    const timer: Timer = { dueMs: this.#monotonicMs + Math.max(ms, 0), order: this.#order, everyMs, run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }
}

/** A hub clock that is never doubted, of the given one. */
export function trustedClock(clock: Clock) {
  return {
    doubted: false,
    unusable: false,
    range: () => ({ earliestMs: clock.now(), latestMs: clock.now() }),
    reportedByDevice: () => undefined,
  };
}

/** One turn of the event loop: every promise job that is due has run afterwards. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
