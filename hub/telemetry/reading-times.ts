import type { ReadingTime, TelemetryFrame } from '../../schemas/index.ts';
import type { AnchorStep } from '../registry/device-store.ts';
import type { HubClock } from './clock/hub-clock.ts';
import type { FrameRefusal } from './frame-verdict.ts';

export interface ReadingTimeLimits {
  /** A time older than this is refused, unless it is backfill. */
  maxAgeMs: number;
  /** A time further ahead is refused. */
  maxAheadMs: number;
  /** Backfill older than this is refused. */
  backfillMaxAgeMs: number;
  /** Whatever is older is refused: it would be removed soon after it was acked. */
  retentionMs?: number | undefined;
}

const dayMs = 86_400_000;

/** As they are configured. @param asked without a `rawRetentionDays`, raw readings are kept */
export function readingTimeLimits(asked: {
  maxAgeSec: number;
  maxAheadSec: number;
  backfillMaxAgeDays: number;
  rawRetentionDays?: number | undefined;
}): ReadingTimeLimits {
  const { rawRetentionDays } = asked;
  return {
    maxAgeMs: asked.maxAgeSec * 1000,
    maxAheadMs: asked.maxAheadSec * 1000,
    backfillMaxAgeMs: asked.backfillMaxAgeDays * dayMs,
    retentionMs: rawRetentionDays === undefined ? undefined : rawRetentionDays * dayMs,
  };
}

/** What is known of the boots of a device, by which uptimes become times. */
export interface BootTimes {
  /** The one of the session. */
  boot: string;
  /** Boot → hub time (Unix ms) of its uptime 0. */
  anchors: ReadonlyMap<string, number>;
  /** Further anchors, by rising uptime; a session adds to them when it finds its device's clock drifting. */
  steps: AnchorStep[];
}

/**
 * 2015: an earlier time is none that a device measured at. It has no clock, or it sends seconds for milliseconds, which
 * backfill would take for a time in January 1970. Unix ms.
 */
const earliestReadingMs = Date.UTC(2015, 0, 1);

/** A reading refused for its time: no other number is one. */
const noTime = Number.NaN;

/** When readings were measured, and whether that is within the bounds. */
export class ReadingTimes {
  readonly #hubClock: Pick<HubClock, 'doubted' | 'range'>;
  readonly #limits: ReadingTimeLimits;

  constructor(hubClock: Pick<HubClock, 'doubted' | 'range'>, limits: ReadingTimeLimits) {
    this.#hubClock = hubClock;
    this.#limits = limits;
  }

  /** The reading's time, Unix ms; `noTime` when it cannot be known or is outside the window. */
  of(time: ReadingTime, frame: TimedFrame, channel: BootTimes, now: number): number {
    const timeMs = timeOf(time, frame, channel);
    // No number is within the bounds of one that is none.
    if (!(timeMs >= earliestReadingMs)) return noTime;
    const ageMs = this.#oldestMs(frame);
    const { maxAheadMs } = this.#limits;
    if (timeMs <= now + maxAheadMs && timeMs >= now - ageMs) return timeMs;
    // The clock may be wrong: it is looked at before anything is refused by it.
    const { earliestMs, latestMs } = this.#hubClock.range();
    return timeMs <= latestMs + maxAheadMs && timeMs >= earliestMs - ageMs ? timeMs : noTime;
  }

  #oldestMs({ backfill }: TimedFrame): number {
    const { maxAgeMs, backfillMaxAgeMs, retentionMs = Infinity } = this.#limits;
    return Math.min(backfill === true ? Math.max(maxAgeMs, backfillMaxAgeMs) : maxAgeMs, retentionMs);
  }

  /** Why `of` has no time for it. */
  refusal(time: ReadingTime, frame: TimedFrame, channel: BootTimes, now: number): FrameRefusal {
    const timeMs = timeOf(time, frame, channel);
    const ownBoot = frame.boot === undefined || frame.boot === channel.boot;
    // Nothing is refused permanently by a clock that may be wrong; before the floor it is the time itself that is wrong.
    const byClock = timeMs >= earliestReadingMs || (Number.isNaN(timeMs) && ownBoot);
    if (byClock && this.#hubClock.doubted) return { code: 'overloaded' };
    const path = time.ts === undefined ? '/up' : '/ts';
    const got = String(time.ts ?? time.up);
    return {
      code: 'clock',
      errors: [
        {
          path,
          keyword: 'time',
          expected: this.#expectedTime(timeMs, frame, channel, now),
          got,
          in: 'frame',
        },
      ],
      now,
    };
  }

  #expectedTime(timeMs: number, frame: TimedFrame, channel: BootTimes, now: number): string {
    const { maxAheadMs } = this.#limits;
    const { backfill = false, boot = channel.boot } = frame;
    if (Number.isNaN(timeMs)) return `a boot the hub has seen; it has not seen ${boot}`;
    const latest = `<= ${now + maxAheadMs} (hub time ${now} + ${maxAheadMs} ms)`;
    const oldestMs = Math.max(now - this.#oldestMs(frame), earliestReadingMs);
    if (this.#limits.retentionMs === now - oldestMs)
      return `>= ${oldestMs} and ${latest}; the hub keeps no older readings`;
    if (!backfill) return `>= ${oldestMs} and ${latest}; older readings need backfill: true`;
    return `Unix time in ms, >= ${oldestMs} and ${latest}`;
  }
}

/** What of a frame says how its times are to be taken. */
type TimedFrame = Pick<TelemetryFrame, 'backfill' | 'boot'>;

/** The reading's time, Unix ms, whatever it is; `noTime` for an uptime of a boot without an anchor. */
function timeOf({ ts, up = 0 }: ReadingTime, { boot }: TimedFrame, channel: BootTimes): number {
  if (ts !== undefined) return ts;
  const anchor = anchorAt(channel, boot ?? channel.boot, up);
  return anchor === undefined ? noTime : anchor + up;
}

/** The anchor (Unix ms at uptime 0) that holds at this uptime of the boot; undefined for a boot not known. */
export function anchorAt(
  { anchors, steps }: Pick<BootTimes, 'anchors' | 'steps'>,
  boot: string,
  uptimeMs: number,
): number | undefined {
  let anchor = anchors.get(boot);
  if (anchor === undefined) return undefined;
  for (const step of steps) if (step.boot === boot && step.fromMs <= uptimeMs) anchor = step.anchorMs;
  return anchor;
}
