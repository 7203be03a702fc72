/** Time as an argument, so that tests can advance it instead of waiting. */

/** Stops a timer; calling it twice, or after it fired, does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** The device's wall clock, Unix ms. May step when it is set. */
  now(): number;
  /** Time since some fixed point, ms, with fractions. Never steps; includes sleep. */
  monotonic(): number;
  /** Runs `run` once, `ms` from now. */
  after(ms: number, run: () => void): Cancel;
  /** Runs `run` every `ms`. */
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
