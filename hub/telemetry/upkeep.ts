import type { DeviceType } from '../../schemas/index.ts';
import type { Log } from '../kernel/log.ts';
import { mebibyte } from '../kernel/mebibyte.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { HubClock } from './clock/hub-clock.ts';
import { logMeasurement } from './device-logs.ts';
import type { MetricsUpkeep } from './store.ts';

/** How far the roll-ups have come, on disk. */
export interface UpkeepProgress {
  /** Unix ms; undefined before the first run. */
  load(): Promise<number | undefined>;
  save(rolledUpToMs: number): Promise<void>;
}

export interface UpkeepOptions {
  /** One-minute roll-ups are made. */
  rollUps: boolean;
  /** Readings older than this are removed; never when not given. */
  rawRetentionDays?: number | undefined;
  /** Nobody asked for it: what is old already at a start stays for an hour, to be looked at. */
  byDefault?: boolean;
  /** Bytes of a store on the hub's own disk; beyond it the oldest points are removed. */
  maxSize?: number;
}

export interface UpkeepDeps {
  store: MetricsUpkeep;
  progress: UpkeepProgress;
  clock: Clock;
  hubClock: Pick<HubClock, 'unusable' | 'range'>;
  log: Log;
  /** Of all streams of all device types. */
  measurements: () => string[];
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** One step of the roll-up: short enough to be stopped, and to let others use the store in between. */
const stepMs = 15 * minuteMs;
/** A minute is rolled up this long after its end, and again in each run until `againMs` after it. */
const settleMs = minuteMs;
const againMs = 10 * minuteMs;
/** How far back the first run begins. */
const firstMs = 60 * minuteMs;
/** Where it begins again when the clock has been ahead. */
const lostMs = dayMs;
const removeEveryMs = 60 * minuteMs;
/** The embedded store makes its points smaller when they are this old: few are written again by then. */
const finishedMs = 15 * minuteMs;
/** Points that are few are left as they are until they are this old. */
const longFinishedMs = 6 * 60 * minuteMs;
const compactEveryMs = 10 * minuteMs;

/** The embedded store shares its disk with everything else, so it removes old readings unless configured otherwise. */
const embeddedRetentionDays = 7;
/** On a small disk it would otherwise fill the disk before its size is reached. */
const largestShare = 0.5;

/** What is asked for, and for a store on the hub's own disk a bound in any case, which is logged. */
export function upkeepOptions(
  asked: Pick<UpkeepOptions, 'rollUps' | 'rawRetentionDays'> & { embeddedMaxMib: number },
  { store, disk, log }: { store: Pick<MetricsUpkeep, 'bounded'>; disk: { readonly size: number }; log: Log },
): UpkeepOptions {
  const { rollUps, rawRetentionDays, embeddedMaxMib } = asked;
  if (store.bounded === undefined) return { rollUps, rawRetentionDays };
  const days = rawRetentionDays ?? embeddedRetentionDays;
  const maxSize = Math.min(embeddedMaxMib * mebibyte, disk.size * largestShare);
  const maxMib = Math.floor(maxSize / mebibyte);
  log.info(
    { days, maxMib },
    `the embedded store keeps readings for ${days} days or ${maxMib} MiB, whichever is less; HUB_RAW_RETENTION_DAYS and HUB_EMBEDDED_MAX_MIB say otherwise`,
  );
  return { rollUps, rawRetentionDays: days, byDefault: rawRetentionDays === undefined, maxSize };
}

/** The measurements of all streams of these device types. */
export function measurementsOf(types: readonly DeviceType[]): string[] {
  const streams = types.flatMap((type) => [...type.streams.values()]);
  return [...new Set(streams.map(({ measurement }) => measurement))];
}

/**
 * Roll-ups and retention. Both can be repeated, and stopped at any step: a roll-up written twice is the same, and the
 * next run resumes where this one stopped, even after days.
 */
export class Upkeep {
  readonly #deps: UpkeepDeps;
  readonly #options: UpkeepOptions;
  #rolledUpToMs: number | undefined;
  #removedAtMs = -Infinity;
  #compactedAtMs = -Infinity;
  #closing = false;

  constructor(deps: UpkeepDeps, options: UpkeepOptions) {
    this.#deps = deps;
    this.#options = options;
    if (options.byDefault === true) this.#removedAtMs = deps.clock.monotonic();
  }

  /** Unix ms; 0 before the first run. */
  get rolledUpToMs(): number {
    return this.#rolledUpToMs ?? 0;
  }

  /**
   * Keeps a store on the hub's own disk small, rolls up finished minutes, and once an hour removes what is too old.
   * Rejects when the store does not answer.
   */
  async run(): Promise<void> {
    const { clock, hubClock } = this.#deps;
    if (!hubClock.unusable) await this.#compact();
    await this.#bound();
    // By a clock that is ahead everything would be too old, and all minutes over.
    if (hubClock.unusable) return;
    if (this.#options.rollUps) await this.#rollUp();
    if (this.#options.rawRetentionDays === undefined || this.#closing) return;
    if (clock.monotonic() - this.#removedAtMs < removeEveryMs) return;
    await this.#remove(hubClock.range().earliestMs - this.#options.rawRetentionDays * dayMs);
    this.#removedAtMs = clock.monotonic();
  }

  /** Ends a run in progress after its current step. */
  close(): void {
    this.#closing = true;
  }

  async #compact(): Promise<void> {
    const { clock, hubClock, store } = this.#deps;
    if (store.bounded === undefined || clock.monotonic() - this.#compactedAtMs < compactEveryMs) return;
    const { earliestMs } = hubClock.range();
    const ages = { beforeMs: earliestMs - finishedMs, oldMs: earliestMs - longFinishedMs };
    for (let from: number | undefined = 0; from !== undefined && !this.#closing;)
      from = await store.bounded.compact({ ...ages, from });
    this.#compactedAtMs = clock.monotonic();
  }

  /** Whatever the clock says: the oldest points go first. */
  async #bound(): Promise<void> {
    const { store, log } = this.#deps;
    const { maxSize = Infinity } = this.#options;
    let points = 0;
    while (store.bounded !== undefined && !this.#closing && (await store.bounded.size()) > maxSize) {
      const removed = await store.bounded.removeOldest();
      if (removed === 0) break;
      points += removed;
    }
    if (points > 0) log.warn({ points }, 'the embedded store is full: its oldest points are removed');
  }

  async #rollUp(): Promise<void> {
    const { store, progress, clock, log, measurements } = this.#deps;
    const endMs = Math.floor((clock.now() - settleMs) / minuteMs) * minuteMs;
    this.#rolledUpToMs ??= (await progress.load()) ?? endMs - firstMs;
    // Made by a clock that was ahead: which minutes they were is not known, and none is harmed by a second time.
    if (this.#rolledUpToMs > endMs + againMs) this.#rolledUpToMs = endMs - lostMs;
    const behindMs = endMs - this.#rolledUpToMs;
    for (let fromMs = this.#rolledUpToMs - againMs; fromMs < endMs && !this.#closing; fromMs += stepMs) {
      const toMs = Math.min(fromMs + stepMs, endMs);
      for (const measurement of measurements()) await store.rollUp(measurement, fromMs, toMs);
      this.#rolledUpToMs = Math.max(this.#rolledUpToMs, toMs);
      await progress.save(this.#rolledUpToMs);
      if (behindMs > stepMs)
        log.info({ to: new Date(toMs).toISOString(), of: endMs }, 'roll-ups are catching up');
    }
  }

  async #remove(beforeMs: number): Promise<void> {
    const { store, measurements, log } = this.#deps;
    // Points that are not rolled up yet are kept.
    const limitMs = this.#options.rollUps ? Math.min(beforeMs, this.rolledUpToMs) : beforeMs;
    for (const measurement of [...measurements(), logMeasurement]) {
      let more = true;
      while (more && !this.#closing) more = await store.removeBefore(measurement, limitMs);
      log.debug({ measurement, before: new Date(limitMs).toISOString() }, 'old readings removed');
    }
  }
}
