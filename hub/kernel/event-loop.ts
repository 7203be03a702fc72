import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';

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

export interface EventLoopLoad {
  /** How late timers ran, ms. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Part of the time in which it did not wait for anything, 0 to 1. */
  share: number;
}

const resolutionMs = 20;
const windowMs = 5_000;
const nanosecondsPerMs = 1_000_000;

/** Watches how busy the event loop is; what it reports is of the last five to ten seconds. */
export function watchEventLoop(clock: Clock): { load: () => EventLoopLoad; close: Cancel } {
  // Two windows that overlap: the one that is read is never empty for long.
  let [older, newer] = [openWindow(), openWindow()];
  const cancel = clock.every(windowMs, () => {
    older.histogram.disable();
    [older, newer] = [newer, openWindow()];
  });
  return {
    load: () => ({
      p50Ms: lateMs(older.histogram.percentile(50)),
      p99Ms: lateMs(older.histogram.percentile(99)),
      maxMs: lateMs(older.histogram.max),
      share: performance.eventLoopUtilization(older.utilization).utilization,
    }),
    close() {
      cancel();
      older.histogram.disable();
      newer.histogram.disable();
    },
  };
}

function openWindow() {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return { histogram, utilization: performance.eventLoopUtilization() };
}

/** What is measured is the time between two ticks of its timer, which has its own. */
function lateMs(ns: number): number {
  return Math.max(0, Math.round((ns / nanosecondsPerMs - resolutionMs) * 10) / 10);
}

export interface EventLoopLag {
  /** The longest delay since the last call, ms. */
  read(): number;
  close(): void;
}

/** Watches how late the event loop runs what is due. */
export function watchEventLoopLag(): EventLoopLag {
  const { histogram } = openWindow();
  return {
    read() {
      const lagMs = lateMs(histogram.max);
      histogram.reset();
      return lagMs;
    },
    close: () => void histogram.disable(),
  };
}
