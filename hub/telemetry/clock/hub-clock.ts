import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Cancel, Clock } from '../../../schemas/time/clock.ts';
import { ClockBelief, type BeliefOptions, type Moment } from './clock-belief.ts';
import { ClockWitnesses, type ClockVerdict } from './clock-witnesses.ts';

/** The latest time that the hub has believed, on disk. */
export interface HubClockStore {
  /** Unix ms; 0 before the first. */
  lastMs(): Promise<number>;
  /**
   * A time that is lower than the saved one is saved only when that is still `knownMs`: the clock had been ahead, and no other hub
   * has saved another time since.
   * @returns whether it is saved
   */
  saveLastMs(ms: number, knownMs: number): Promise<boolean>;
}

const lookEveryMs = 1_000;
const saveEveryMs = 10_000;
/** A time is saved only after it has been believed for this long, because a wrong clock may be found out by then. */
const settleMs = 60_000;
const wayOut =
  "the clocks of devices or of the store settle it, or `hub clock accept` when the machine's clock is right";

export interface HubClockDeps {
  clock: Clock;
  store: HubClockStore;
  log: Log;
}

/**
 * The machine's clock, and whether to believe it. With a wrong clock (a dead battery, a wrong NTP server) the hub would
 * permanently refuse the readings of the whole fleet. So it refuses nothing for its time while the clock is in doubt.
 */
export class HubClock {
  readonly #deps: HubClockDeps;
  readonly #options: BeliefOptions;
  readonly #witnesses = new ClockWitnesses();
  readonly #followers: (() => void)[] = [];
  #belief: ClockBelief;
  #stop: Cancel = () => {};
  /** Monotonic ms: since when the clock has been believed. */
  #believedAt = 0;
  #savedMs = 0;
  /** As this hub has read it, or written it. */
  #knownMs = 0;

  constructor(deps: HubClockDeps, options: BeliefOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#belief = new ClockBelief(0, this.#moment(), options);
  }

  /** @throws HubError `database-failed` */
  async start(): Promise<void> {
    this.#savedMs = await this.#deps.store.lastMs();
    this.#knownMs = this.#savedMs;
    const at = this.#moment();
    this.#belief = new ClockBelief(this.#savedMs, at, this.#options);
    this.#believedAt = at.monotonicMs;
    if (this.#belief.doubted) this.#reportDoubt(at);
    this.#stop = this.#deps.clock.every(lookEveryMs, () => this.#look());
  }

  close(): void {
    this.#stop();
  }

  // Whoever asks looks at the clocks now: within a second after a leap, what has become due by it would be done.

  /** While true, nothing is refused for its time. */
  get doubted(): boolean {
    this.#lookNow();
    return this.#belief.doubted;
  }

  /** While true, nothing is scheduled or dated by the clock. The word of devices alone is not enough for this. */
  get unusable(): boolean {
    return this.doubted && !this.#belief.contradicted;
  }

  /** Why the clock is doubted, and the way out; undefined while it is believed. */
  get fault(): string | undefined {
    const fault = this.#belief.fault(this.#lookNow());
    return fault === undefined ? undefined : `${fault}; ${wayOut}`;
  }

  /** The earliest and the latest time it may be, Unix ms. Without a doubt they are the same. */
  range(): { earliestMs: number; latestMs: number } {
    return this.#belief.range(this.#lookNow());
  }

  /** A device has just reported its wall clock. @param wallMs Unix ms */
  reportedByDevice(deviceId: string, wallMs: number): void {
    this.#witnesses.device(deviceId, wallMs, this.#deps.clock.monotonic());
  }

  /** @param wallMs the time in the store's answer, Unix ms */
  reportedByStore(wallMs: number): void {
    this.#witnesses.store(wallMs, this.#deps.clock.monotonic());
  }

  /** An operator says that the machine's clock is right. @returns the time and what is still in doubt */
  accept(): { nowMs: number; fault?: string } {
    const at = this.#moment();
    const before = this.#belief.doubted;
    const verdict = this.#verdict(at);
    this.#belief.accept(at, verdict);
    this.#note(at, before, verdict);
    const { fault } = this;
    return fault === undefined ? { nowMs: at.nowMs } : { nowMs: at.nowMs, fault };
  }

  /** @param follower called each time the clock is believed again */
  follow(follower: () => void): void {
    this.#followers.push(follower);
  }

  #moment(): Moment {
    const { clock } = this.#deps;
    return { nowMs: clock.now(), monotonicMs: clock.monotonic() };
  }

  #verdict({ nowMs, monotonicMs }: Moment): ClockVerdict | undefined {
    return this.#witnesses.verdict(nowMs, monotonicMs, this.#options.releasedMs, this.#options);
  }

  /** Finds a leap at once; only `#look` ends a doubt. */
  #lookNow(): Moment {
    const at = this.#moment();
    if (!this.#belief.doubted) {
      this.#belief.look(at, undefined);
      this.#note(at, false, undefined);
    }
    return at;
  }

  #look(): void {
    const at = this.#moment();
    const before = this.#belief.doubted;
    const verdict = this.#verdict(at);
    this.#belief.look(at, verdict);
    this.#note(at, before, verdict);
  }

  #note(at: Moment, before: boolean, verdict: ClockVerdict | undefined): void {
    if (this.#belief.doubted && !before) this.#reportDoubt(at);
    if (!this.#belief.doubted && before) this.#reportBelief();
    if (this.#belief.doubted) return;
    const { lastMs } = this.#belief;
    const settled = verdict?.kind === 'agree' || at.monotonicMs - this.#believedAt >= settleMs;
    if (lastMs < this.#savedMs || (settled && lastMs - this.#savedMs >= saveEveryMs)) this.#save(lastMs);
  }

  #reportDoubt(at: Moment): void {
    this.#deps.log.error(
      { now: at.nowMs, reason: this.#belief.fault(at) },
      'the clock of this machine is doubted',
    );
  }

  #reportBelief(): void {
    const at = this.#moment();
    this.#deps.log.info({ now: at.nowMs }, 'the clock of this machine is believed again');
    this.#believedAt = at.monotonicMs;
    for (const follower of this.#followers) follower();
  }

  #save(lastMs: number): void {
    const { store, log } = this.#deps;
    this.#savedMs = lastMs;
    const knownMs = this.#knownMs;
    const unsaved = (): void => {
      if (this.#knownMs === lastMs) this.#knownMs = knownMs;
    };
    this.#knownMs = lastMs;
    store.saveLastMs(lastMs, knownMs).then(
      (isSaved) => {
        if (!isSaved) unsaved();
      },
      (error: unknown) => {
        unsaved();
        log.warn({ reason: messageOf(error) }, 'the time was not saved');
      },
    );
  }
}
