import type { Cancel, Clock } from '../../schemas/time/clock.ts';

/** A clock whose pending timers can be cancelled together, so that a part that closes leaves none behind. */
export class OwnTimers implements Clock {
  readonly #clock: Clock;
  readonly #pending = new Set<Cancel>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, run: () => void): Cancel {
    return this.#keep((release) =>
      this.#clock.after(ms, () => {
        release();
        run();
      }),
    );
  }

  every(ms: number, run: () => void): Cancel {
    return this.#keep(() => this.#clock.every(ms, run));
  }

  cancelAll(): void {
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }

  #keep(start: (release: () => void) => Cancel): Cancel {
    const stop = start(() => this.#pending.delete(cancel));
    const cancel = (): void => {
      this.#pending.delete(cancel);
      stop();
    };
    this.#pending.add(cancel);
    return cancel;
  }
}
