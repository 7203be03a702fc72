import { performance } from 'node:perf_hooks';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { Metrics } from './metrics.ts';

export interface EventLoopLoad {
  /** How late timers ran, ms. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Part of the time in which it did not wait for anything, 0 to 1. */
  share: number;
}

/** Often enough for a percentile of ten seconds; each look wakes an idle process up, which costs 0.1 ms. */
const lookEveryMs = 50;
const keptLooks = 10_000 / lookEveryMs;
const quantiles = { p50Ms: 0.5, p99Ms: 0.99, maxMs: 1 };

/** Watches how busy the event loop is: one timer for everybody who wants to know. */
export class EventLoopWatch {
  readonly #clock: Clock;
  readonly #share = eventLoopShare();
  /** How late the last looks came, ms: a ring. */
  readonly #late: number[] = [];
  #looks = 0;
  #latestShare = 0;
  readonly #longest = new Set<{ ms: number }>();
  #stop: Cancel = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    let lookedAt = this.#clock.monotonic();
    this.#stop = this.#clock.every(lookEveryMs, () => {
      const now = this.#clock.monotonic();
      this.#looked(Math.max(0, now - lookedAt - lookEveryMs));
      lookedAt = now;
    });
  }

  close(): void {
    this.#stop();
  }

  /** Of the last ten seconds. */
  load(): EventLoopLoad {
    const sorted = this.#late.toSorted((a, b) => a - b);
    const at = (quantile: number): number => {
      const late = sorted[Math.ceil(sorted.length * quantile) - 1] ?? 0;
      return Math.round(late * 10) / 10;
    };
    return {
      p50Ms: at(quantiles.p50Ms),
      p99Ms: at(quantiles.p99Ms),
      maxMs: at(quantiles.maxMs),
      share: this.#latestShare,
    };
  }

  /** @returns a function that gives the longest delay since its last call, ms */
  longestDelay(): () => number {
    const longest = { ms: 0 };
    this.#longest.add(longest);
    return () => {
      const { ms } = longest;
      longest.ms = 0;
      return Math.round(ms * 10) / 10;
    };
  }

  expose(metrics: Metrics): void {
    metrics.gauge(
      'hub_event_loop_delay_seconds',
      'How late timers ran in the last ten seconds (quantile 1: the longest delay)',
      () => {
        const load = this.load();
        return Object.fromEntries(
          (['p50Ms', 'p99Ms', 'maxMs'] as const).map((name) => [String(quantiles[name]), load[name] / 1000]),
        );
      },
      'quantile',
    );
  }

  #looked(lateMs: number): void {
    this.#late[this.#looks % keptLooks] = lateMs;
    this.#looks += 1;
    // A turn of the ring has passed.
    if (this.#looks % keptLooks === 0) this.#latestShare = this.#share();
    for (const longest of this.#longest) if (lateMs > longest.ms) longest.ms = lateMs;
  }
}

/** Measures the share of the time since its last call in which the event loop did not wait for anything. */
export function eventLoopShare(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
