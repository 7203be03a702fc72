import { LeakyBuckets } from '../kernel/leaky-buckets.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';

export interface AdmissionDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** The share of the time since the last call, 0 to 1, in which the event loop was busy. */
  busyShare: () => number;
  /** True: the connected devices already give the hub too much work. */
  overloaded: () => boolean;
}

export interface AdmissionOptions {
  /** Connections admitted per second, on average; a burst may have as many. */
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
/** From this busy share on, devices wait in their handshakes as if the hub refused them. */
const busyFrom = 0.8;
const busyCheckMs = 1_000;
/** How long a device waits in a handshake (`handshakeTimeout` on both sides) before it gives up and backs off. */
const handshakeMs = 10_000;

/** The share of one device in the connections per second: a burst of this size, and this part of the average. */
const burstOfDevice = 100;
const shareOfDevice = 0.1;
/** The shortest time between two connections of one device, on average, ms. */
const everyMsOfDevice = 200;

/**
 * How many connections the hub takes up a second: a token bucket, of which each device has a share. Those beyond are
 * asked to come back later, each a little later than the one before, so that a fleet comes back as a stream and not in
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
   * For how long devices have been turned away so far, ms: the union of the times in which some device was asked to
   * wait, or the hub was too busy to accept connections. This time never counts as device silence.
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
    // At least half of the wait is fixed, and the rest is jitter: clients round it to whole seconds.
    const waitMs = (this.#nextDueAt - now) * (1 + this.#deps.random() / 2);
    const retryAfterMs = Math.min(waitMs, longestRetryMs);
    // The device may be away for this wait, and then for one more backoff.
    this.#pauseUntil(now, now + retryAfterMs + this.#backoffMaxMs);
    return { kind: 'turned-away', retryAfterMs };
  }

  /** A busy hub lets devices in late. A device whose handshake timed out comes back after a backoff. */
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

/** @returns one that checks the event loop by itself until it is closed */
export function startAdmission(deps: AdmissionDeps, options: AdmissionOptions): Admission {
  const started = new Admission(deps, options);
  started.start();
  return started;
}
