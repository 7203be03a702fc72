import { performance } from 'node:perf_hooks';

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
