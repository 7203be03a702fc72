import type { Metrics } from '../kernel/metrics.ts';

interface Saved {
  readonly saveFailures: number;
}

/** @param parts what the hub still knows of the past after a restart */
export function exposeHistory(
  metrics: Metrics,
  parts: Readonly<Record<'events' | 'nacks' | 'rejects' | 'counts' | 'fleet', Saved>>,
): void {
  metrics.counter(
    'hub_history_save_failures_total',
    'Lists, rows and hours of what happened lately that were not saved, and are tried again',
    () => Object.fromEntries(Object.entries(parts).map(([name, { saveFailures }]) => [name, saveFailures])),
    'of',
  );
}
