import { uptime } from 'node:os';
import { systemClock, type Clock } from '../../../../schemas/time/clock.ts';

/** The system's uptime is rough; a shorter sleep is not noticed. */
const noticedMs = 2_000;

/**
 * A clock whose monotonic time counts the sleep of the machine, as the protocol wants of an uptime: `performance.now()` stands while
 * the machine sleeps.
 * @param systemUptimeSec counts it
 */
export function sleepClock(base: Clock = systemClock, systemUptimeSec: () => number = uptime): Clock {
  let sleptMs = 0;
  const startMs = systemUptimeSec() * 1_000 - base.monotonic();
  return {
    ...base,
    monotonic() {
      const awakeMs = base.monotonic();
      const missingMs = systemUptimeSec() * 1_000 - startMs - awakeMs - sleptMs;
      if (missingMs > noticedMs) sleptMs += missingMs;
      return awakeMs + sleptMs;
    },
  };
}
