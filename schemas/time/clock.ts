/** Hub and devices get time as an argument, so that tests can move the clock instead of waiting. */

/** Stops a timer; calling it twice, or after it fired, does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Unix time, ms. May step in either direction when the machine's clock is set. */
  now(): number;
  /** Time since some fixed point, ms, with fractions. Never steps, never runs backwards. */
  monotonic(): number;
  /** Runs `run` once, `ms` from now. */
  after(ms: number, run: () => void): Cancel;
  /** Runs `run` every `ms`, the first time at most `ms` from now. */
  every(ms: number, run: () => void): Cancel;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  every(ms, run) {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
};

/** Resolves after `ms` on the given clock. */
export function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
