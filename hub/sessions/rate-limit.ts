import type { Clock } from '../../schemas/time/clock.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';

/** What one device may send on average; a burst may be twice as much. */
export interface DeviceRates {
  messagesPerSec: number;
  bytesPerSec: number;
  samplesPerSec: number;
  logsPerSec: number;
  /** Data frames that may be under way at a time. */
  inFlight: number;
}

/** Limits of every device besides its messages. */
export const fixedRates = { bytesPerSec: 1_000_000, samplesPerSec: 10_000 } as const;

/** A device that keeps sending at this many times its rate is refused for a while. */
const abuseFactor = 10;
/** Pings and frames without data (heartbeats, results, …): the sustained rate in one second, and the burst. */
const othersPerSec = 100;
const othersAtOnce = 1_000;
/** Timers of devices are a little early at times, ms. */
const timerSlackMs = 50;

export type RateVerdict = 'within' | 'over' | 'abuse';

/**
 * What one device may send: data frames, their bytes and the readings in them, and frames of all other types. A
 * device that waits as long as the nack asks never abuses its rate, whatever it had under way by then.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #inFlight: number;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #samples: TokenBucket;
  readonly #logs: TokenBucket;
  readonly #others: TokenBucket;
  /** Tolerated refusals: a frame over the rate costs the hub nearly as much as one within it. */
  readonly #patience: TokenBucket;
  readonly #patienceWithOthers: TokenBucket;
  /** Until when a nack asked it to wait, monotonic ms. */
  #quietUntil = 0;
  /** Frames that may still arrive meanwhile: they were under way when the nack was sent. */
  #underWay = 0;
  /** When to send again what was last found over the rate, ms. */
  retryAfterMs = 0;

  constructor(
    clock: Clock,
    { messagesPerSec, bytesPerSec, samplesPerSec, logsPerSec, inFlight }: DeviceRates,
  ) {
    this.#clock = clock;
    this.#inFlight = inFlight;
    this.#messages = new TokenBucket(clock, messagesPerSec);
    this.#bytes = new TokenBucket(clock, bytesPerSec);
    this.#samples = new TokenBucket(clock, samplesPerSec);
    this.#logs = new TokenBucket(clock, logsPerSec);
    this.#others = new TokenBucket(clock, othersPerSec, othersAtOnce);
    this.#patience = new TokenBucket(clock, messagesPerSec, messagesPerSec * abuseFactor);
    this.#patienceWithOthers = new TokenBucket(clock, othersPerSec, othersAtOnce);
  }

  /** A data frame. `within` takes its share; `over` takes nothing; `abuse`: over the rate for a long time. */
  take(bytes: number, samples: number): RateVerdict {
    if (this.#messages.has(1) && this.#bytes.has(bytes) && this.#samples.has(samples)) {
      this.#messages.take();
      this.#bytes.take(bytes);
      this.#samples.take(samples);
      return 'within';
    }
    return this.#over(bytes, samples);
  }

  /** A line of the device's log, besides its share of the messages: a chatty log does not end a session. */
  takeLog(): boolean {
    if (this.#logs.take()) return true;
    this.retryAfterMs = Math.ceil(this.#logs.msUntil(1));
    return false;
  }

  /** A frame without data, or a ping. */
  takeOther(bytes = 0): RateVerdict {
    if (this.#others.has(1) && this.#bytes.has(bytes)) {
      this.#others.take();
      this.#bytes.take(bytes);
      return 'within';
    }
    this.retryAfterMs = 1_000;
    return this.#patienceWithOthers.take() ? 'over' : 'abuse';
  }

  #over(bytes: number, samples: number): RateVerdict {
    const now = this.#clock.monotonic();
    if (now >= this.#quietUntil - timerSlackMs) {
      // As long as a whole window of such frames needs: it may send all of it again then.
      const window = this.#inFlight;
      const waitMs = Math.max(
        this.#messages.msUntil(window),
        this.#bytes.msUntil(bytes * window),
        this.#samples.msUntil(samples * window),
      );
      this.retryAfterMs = Math.max(2 * timerSlackMs, Math.ceil(waitMs));
      this.#quietUntil = now + this.retryAfterMs;
      this.#underWay = window - 1;
      return 'over';
    }
    this.retryAfterMs = Math.ceil(this.#quietUntil - now);
    if (this.#underWay > 0) {
      this.#underWay -= 1;
      return 'over';
    }
    return this.#patience.take() ? 'over' : 'abuse';
  }
}
