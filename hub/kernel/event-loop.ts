import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** Tells the share of the time since its last call in which the event loop did not wait for anything. */
export function eventLoopShare(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}

/** How often the delay of the event loop is looked at, ms. */
const resolutionMs = 20;

export interface EventLoopLag {
  /** The longest delay since the last call, ms. */
  read(): number;
  close(): void;
}

/** Watches how late the event loop runs what is due. */
export function watchEventLoopLag(): EventLoopLag {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return {
    read() {
      // What it holds is the time between two looks, ns; 0 before the first.
      const lagMs = Math.max(0, histogram.max / 1e6 - resolutionMs);
      histogram.reset();
      return lagMs;
    },
    close: () => void histogram.disable(),
  };
}
