import type { Clock } from '../../schemas/time/clock.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';

/** What one device may send on average; a burst may be twice as much. */
export interface DeviceRates {
  messagesPerSec: number;
  bytesPerSec: number;
  samplesPerSec: number;
}

/** A device that keeps sending at this many times its rate is refused for a while. */
const abuseFactor = 10;

/** One device's buckets: frames, their bytes, and the readings in them. */
export class RateLimit {
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #samples: TokenBucket;
  /** Tolerated refusals: a frame over the rate costs the hub nearly as much as one within it. */
  readonly #patience: TokenBucket;

  constructor(clock: Clock, { messagesPerSec, bytesPerSec, samplesPerSec }: DeviceRates) {
    this.#messages = new TokenBucket(clock, messagesPerSec);
    this.#bytes = new TokenBucket(clock, bytesPerSec);
    this.#samples = new TokenBucket(clock, samplesPerSec);
    this.#patience = new TokenBucket(clock, messagesPerSec, messagesPerSec * abuseFactor);
  }

  /** A data frame. `within` takes its share; `over` takes nothing; `abuse`: over the rate for a long time. */
  take(bytes: number, samples: number): 'within' | 'over' | 'abuse' {
    if (this.#messages.has(1) && this.#bytes.has(bytes) && this.#samples.has(samples)) {
      this.#messages.take();
      this.#bytes.take(bytes);
      this.#samples.take(samples);
      return 'within';
    }
    return this.#patience.take() ? 'over' : 'abuse';
  }
}
