import { LeakyBuckets } from '../kernel/leaky-buckets.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';

export interface AdmissionDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** The share of the time since the last call, 0 to 1, in which the event loop had work to do. */
  busyShare: () => number;
  /** True: those who are connected already give the hub too much to do. */
  overloaded: () => boolean;
}

export interface AdmissionOptions {
  /** Connections admitted a second, on average; as many may come at once. */
  acceptPerSec: number;
  /** The longest backoff of a device that was turned away, ms. */
  backoffMaxMs: number;
}

export type Admitted =
  | { kind: 'admitted' }
  /** There is no room for anybody now. */
  | { kind: 'turned-away'; retryAfterMs: number }
  /** This device has had its share. */
  | { kind: 'too-often'; retryAfterMs: number };

const shortestRetryMs = 1_000;
const longestRetryMs = 60_000;
/** A hub that has so much to do, over so long, keeps devices waiting in their handshakes as if it refused them. */
const busyFrom = 0.8;
const busyCheckMs = 1_000;
/** A device waits so long in a handshake (`handshakeTimeout` on both sides), then it gives up and backs off. */
const handshakeMs = 10_000;

/** What one device may take of the connections of a second: so much at once, and then this part of the average. */
const burstOfDevice = 20;
const shareOfDevice = 0.1;
/** Nor more often than this, ms. */
const everyMsOfDevice = 1_000;

/**
 * How many connections the hub takes up a second: a token bucket, of which each device has a share. Those beyond are
 * told when to come again, each a little later than the one before, so that a fleet comes back as a stream and not as
 * waves.
 */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #perMs: number;
  readonly #capacity: number;
  readonly #backoffMaxMs: number;
  readonly #ofDevices: LeakyBuckets;
  /** Connections refused because their device had had its share. */
  tooOften = 0;
  #stop: Cancel = () => undefined;
  #tokens: number;
  #filledAt: number;
  /** Monotonic ms at which those turned away so far are due again. */
  #nextDueAt = 0;
  /** Monotonic ms since when the hub has been too busy; undefined while it is not. */
  #busySince: number | undefined;
  #awayUntil = 0;
  #awayMs = 0;

  constructor(deps: AdmissionDeps, { acceptPerSec, backoffMaxMs }: AdmissionOptions) {
    this.#deps = deps;
    this.#perMs = acceptPerSec / 1000;
    this.#capacity = acceptPerSec;
    this.#backoffMaxMs = backoffMaxMs;
    this.#tokens = this.#capacity;
    this.#filledAt = deps.clock.monotonic();
    this.#ofDevices = new LeakyBuckets(deps.clock, {
      burst: Math.min(burstOfDevice, Math.max(2, acceptPerSec * shareOfDevice)),
      everyMs: Math.max(everyMsOfDevice, 1_000 / (acceptPerSec * shareOfDevice)),
    });
  }

  start(): void {
    this.#stop = this.#deps.clock.every(busyCheckMs, () => this.#checkBusy());
  }

  close(): void {
    this.#stop();
  }

  /**
   * For how long devices have been turned away so far, ms: the union of the times in which some device was told to
   * wait, or the hub was too busy to take up connections. Such a time is no silence of theirs.
   */
  get turnedAwayMs(): number {
    return this.#awayMs - Math.max(0, this.#awayUntil - this.#deps.clock.monotonic());
  }

  /** A device that has proved who it is asks to be let in. */
  admit(deviceId: string): Admitted {
    // No pause of the silences: they are others' silences, and this device is not kept out by any of them.
    const shareMs = this.#ofDevices.waitMs(deviceId);
    if (shareMs > 0) {
      this.tooOften += 1;
      return { kind: 'too-often', retryAfterMs: shareMs };
    }
    const now = this.#deps.clock.monotonic();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
    if (this.#tokens >= 1 && !this.#deps.overloaded()) {
      this.#tokens -= 1;
      this.#ofDevices.add(deviceId);
      return { kind: 'admitted' };
    }
    this.#nextDueAt = Math.max(this.#nextDueAt, now + shortestRetryMs) + 1 / this.#perMs;
    // At least half of the wait holds, the rest is jitter: clients round it to whole seconds.
    const waitMs = (this.#nextDueAt - now) * (1 + this.#deps.random() / 2);
    const retryAfterMs = Math.min(waitMs, longestRetryMs);
    // It may be away until it has waited, and then for one more draw of its backoff.
    this.#pauseUntil(now, now + retryAfterMs + this.#backoffMaxMs);
    return { kind: 'turned-away', retryAfterMs };
  }

  /** A busy hub lets in late whoever waits in a handshake; who waited in vain comes again after a backoff. */
  #checkBusy(): void {
    if (this.#deps.busyShare() < busyFrom) {
      this.#busySince = undefined;
      return;
    }
    const now = this.#deps.clock.monotonic();
    this.#busySince ??= now - busyCheckMs;
    const givenUp = now - this.#busySince >= handshakeMs;
    this.#pauseUntil(now, now + (givenUp ? this.#backoffMaxMs : busyCheckMs));
  }

  #pauseUntil(now: number, until: number): void {
    this.#awayMs += Math.max(0, until - Math.max(now, this.#awayUntil));
    this.#awayUntil = Math.max(this.#awayUntil, until);
  }
}

/** @returns one that looks again by itself, until it is closed */
export function startAdmission(deps: AdmissionDeps, options: AdmissionOptions): Admission {
  const started = new Admission(deps, options);
  started.start();
  return started;
}
