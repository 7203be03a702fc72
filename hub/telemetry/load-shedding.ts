import type { TokenBucket } from '../kernel/token-bucket.ts';
import type { Writer } from './writer.ts';

/** Data frames in the order in which an overloaded hub sheds them. Results and heartbeats are never shed. */
export type Rank = 'log' | 'backfill' | 'telemetry' | 'event';

/** The pressure, 0 to 1, from which frames of a rank are nacked `overloaded`. */
const limitOf: Readonly<Record<Rank, number>> = { log: 0.5, backfill: 0.5, telemetry: 0.85, event: 1 };
/** The pressure from which connections are refused, before connected devices suffer. */
const connectionLimit = 0.4;

export interface LoadSheddingDeps {
  writer: Pick<Writer, 'fill' | 'blocked'>;
  /** The data frames of all devices together. */
  total: TokenBucket;
}

/**
 * Decides what has to wait under load. The pressure is the fill of the buffer in front of the store, or how far the
 * bucket of all data frames together has been emptied, whichever is worse.
 */
export class LoadShedding {
  readonly #writer: Pick<Writer, 'fill' | 'blocked'>;
  readonly #total: TokenBucket;
  /** Frames until the level of the bucket is read again. */
  #untilReading = 0;
  #drawn = 0;

  constructor(deps: LoadSheddingDeps) {
    this.#writer = deps.writer;
    this.#total = deps.total;
  }

  /** Takes one frame's share when it may pass. */
  admits(rank: Rank): boolean {
    if (this.#writer.blocked || this.#pressure() >= limitOf[rank]) return false;
    return this.#total.take();
  }

  /** False: a device that connects now must come back later. */
  get takesConnections(): boolean {
    return Math.max(this.#writer.fill, 1 - this.#total.level) < connectionLimit;
  }

  #pressure(): number {
    if (this.#untilReading === 0) {
      this.#drawn = 1 - this.#total.level;
      this.#untilReading = 64;
    }
    this.#untilReading -= 1;
    return Math.max(this.#writer.fill, this.#drawn);
  }
}
