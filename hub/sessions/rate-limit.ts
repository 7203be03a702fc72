import type { Clock } from '../../schemas/time/clock.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';

/** What one device may send on average; twice that at once. */
export interface DeviceRates {
  messagesPerSec: number;
  bytesPerSec: number;
  samplesPerSec: number;
}

/** A device that goes on sending at so many times its rate is shut out for a while. */
const abuseFactor = 10;

/** One device's buckets: frames, their bytes, and the readings in them. */
export class RateLimit {
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #samples: TokenBucket;
  /** Refusals it may earn: what is over the rate costs the hub nearly as much as what is not. */
  readonly #patience: TokenBucket;

  constructor(clock: Clock, { messagesPerSec, bytesPerSec, samplesPerSec }: DeviceRates) {
    this.#messages = new TokenBucket(clock, messagesPerSec);
    this.#bytes = new TokenBucket(clock, bytesPerSec);
    this.#samples = new TokenBucket(clock, samplesPerSec);
    this.#patience = new TokenBucket(clock, messagesPerSec, messagesPerSec * abuseFactor);
  }

  /** A data frame: `within` takes its share; `over` the rate nothing is taken; `abuse`: over it for long. */
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
