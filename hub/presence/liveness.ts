import type { Stall } from '../../schemas/api/presence.ts';
import type { Clock } from '../../schemas/time/clock.ts';

export interface WatchOptions {
  /** Silence after which `expired` is called, ms. */
  allowedMs: number;
  expired: () => void;
  /** Silence after which `quiet` is called first, ms; below `allowedMs`. */
  quietMs?: number;
  quiet?: () => void;
}

/** Something that must show a sign of life in time. Storing `liveness.now` in `heardAt` is all that a frame costs. */
export interface Watch {
  /** Liveness time (ms) of the owner's last sign of life. */
  heardAt: number;
  /** True once `quiet` or `expired` was called: the next sign of life is news. The owner sets it back. */
  attention: boolean;
  /** True once `expired` was called: the watch is over. */
  expired: boolean;
  /** The `heardAt` for whose silence `quiet` was called. */
  askedFor: number;
  readonly options: Readonly<WatchOptions>;
}

export interface LivenessOptions {
  clock: Clock;
  /** Runs the function after the next poll of the sockets (`setImmediate`); a test runs it by hand. */
  afterPoll: (run: () => void) => void;
  tickMs?: number;
  slots?: number;
}

/** Stalls that are kept to be shown. */
const keptStalls = 16;
/** Shorter ones are only counted: they explain nothing. */
const shownStallMs = 1_000;

/**
 * How many ticks liveness time is ahead in `now`, and how many of them one tick can add. Both are the same number, so
 * that a frame read at the very end of a late tick is never stamped earlier than it came.
 */
const leadTicks = 2;

/**
 * One timing wheel for every liveness timeout in the hub (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
 * 1987, scheme 6), so that no socket has a timer of its own.
 *
 * Liveness time is monotonic time minus the stalls of the hub's own event loop: while the hub did not read, no device
 * was silent. A watch whose time is up is confirmed only after two more polls of the sockets.
 */
export class Liveness {
  readonly #clock: Clock;
  readonly #afterPoll: (run: () => void) => void;
  readonly #tickMs: number;
  readonly #slots: Set<Watch>[];
  readonly #slotOf = new Map<Watch, number>();
  #stop: () => void = () => undefined;
  readonly #stalls: Stall[] = [];
  #cursor = 0;
  #lastTickAt: number;
  /** Liveness time at the last tick; ticks come a little late, and the fractions add up. */
  #at = 0;
  /** The part of it that the cursor has passed, in whole ticks. */
  #now = 0;
  /** Total length of our own stalls, ms, for the metrics. */
  stalledMs = 0;

  constructor({ clock, afterPoll, tickMs = 50, slots = 2048 }: LivenessOptions) {
    this.#clock = clock;
    this.#afterPoll = afterPoll;
    this.#tickMs = tickMs;
    this.#slots = Array.from({ length: slots }, () => new Set<Watch>());
    this.#lastTickAt = clock.monotonic();
  }

  start(): void {
    this.#lastTickAt = this.#clock.monotonic();
    this.#stop = this.#clock.every(this.#tickMs, () => this.#tick());
  }

  /** Liveness time, ms; it moves once a tick, and leads so that nobody is judged early. */
  get now(): number {
    return this.#at + this.#tickMs * leadTicks;
  }

  /** The last long stalls of the event loop, oldest first. */
  get stalls(): readonly Stall[] {
    return this.#stalls;
  }

  /** Begins to watch, as if the owner had just shown a sign of life. `expired` is called once, unless unwatched. */
  watch(options: WatchOptions): Watch {
    return this.#begin(options, this.now);
  }

  /**
   * Runs `run` whenever nothing has happened for `intervalMs`, again and again.
   * @param lastAt when something last happened, liveness ms
   * @returns a function that ends it
   */
  inQuiet(intervalMs: number, lastAt: () => number, run: () => void): () => void {
    const options = {
      allowedMs: intervalMs,
      expired: () => {
        const quiet = this.#now - lastAt() >= intervalMs;
        watch = this.#begin(options, quiet ? this.now : lastAt());
        if (quiet) run();
      },
    };
    let watch = this.#begin(options, this.now);
    return () => this.unwatch(watch);
  }

  unwatch(watch: Watch): void {
    const slot = this.#slotOf.get(watch);
    if (slot === undefined) return;
    this.#slots[slot]?.delete(watch);
    this.#slotOf.delete(watch);
  }

  close(): void {
    this.#stop();
    this.#slotOf.clear();
    for (const slot of this.#slots) slot.clear();
  }

  #begin(options: WatchOptions, heardAt: number): Watch {
    const watch: Watch = { heardAt, attention: false, expired: false, askedFor: -1, options };
    this.#place(watch);
    return watch;
  }

  #place(watch: Watch): void {
    // At least one tick ahead: the slot under the cursor was visited already.
    const ticks = Math.max(1, Math.ceil((dueAt(watch) - this.#now) / this.#tickMs));
    const slot = (this.#cursor + Math.min(ticks, this.#slots.length - 1)) % this.#slots.length;
    this.#slots[slot]?.add(watch);
    this.#slotOf.set(watch, slot);
  }

  #tick(): void {
    const monotonic = this.#clock.monotonic();
    const elapsed = monotonic - this.#lastTickAt;
    this.#lastTickAt = monotonic;
    // A tick more than one tick late means a blocked event loop: the rest of its delay never counts as silence.
    const counted = Math.min(elapsed, this.#tickMs * leadTicks);
    this.#stalled(elapsed - counted);
    this.#at += counted;
    while (this.#now + this.#tickMs <= this.#at) {
      this.#now += this.#tickMs;
      this.#cursor = (this.#cursor + 1) % this.#slots.length;
      this.#visit(this.#cursor);
    }
  }

  #stalled(stalledMs: number): void {
    this.stalledMs += stalledMs;
    if (stalledMs < shownStallMs) return;
    this.#stalls.push({ atMs: this.#clock.now(), stalledMs });
    if (this.#stalls.length > keptStalls) this.#stalls.shift();
  }

  #visit(index: number): void {
    const slot = this.#slots[index];
    if (slot === undefined || slot.size === 0) return;
    const due: Watch[] = [];
    for (const watch of slot) {
      slot.delete(watch);
      this.#slotOf.delete(watch);
      if (dueAt(watch) > this.#now) this.#place(watch);
      else due.push(watch);
    }
    if (due.length > 0) this.#confirm(due);
  }

  /** Two polls: the first may end on its bound of events with sockets still unread. */
  #confirm(due: readonly Watch[]): void {
    for (const watch of due) this.#slotOf.set(watch, -1);
    this.#afterPoll(() =>
      this.#afterPoll(() => {
        for (const watch of due) {
          if (this.#slotOf.get(watch) !== -1) continue;
          this.#slotOf.delete(watch);
          this.#judge(watch);
        }
      }),
    );
  }

  #judge(watch: Watch): void {
    const silentMs = this.#now - watch.heardAt;
    if (silentMs >= watch.options.allowedMs) {
      watch.expired = true;
      watch.attention = true;
      watch.options.expired();
      return;
    }
    const quiet = dueAt(watch) <= this.#now;
    if (quiet) {
      watch.askedFor = watch.heardAt;
      watch.attention = true;
    }
    // Placed first, because the callback may end the watch.
    this.#place(watch);
    if (quiet) watch.options.quiet?.();
  }
}

/** When to check the watch next, liveness ms: first at its quiet time, then at its end. */
function dueAt({ heardAt, askedFor, options }: Watch): number {
  const silenceMs = askedFor === heardAt ? options.allowedMs : (options.quietMs ?? options.allowedMs);
  return heardAt + silenceMs;
}

/** @returns a wheel that turns */
export function startLiveness(options: LivenessOptions): Liveness {
  const liveness = new Liveness(options);
  liveness.start();
  return liveness;
}
