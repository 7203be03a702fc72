import type { Metrics } from '../kernel/metrics.ts';
import type { LiveFeed } from './live-feed.ts';

export function exposeLiveFeed(metrics: Metrics, feed: LiveFeed): void {
  metrics.gauge('hub_live_sockets', 'Live sockets of console pages', () => feed.sockets);
  metrics.counter(
    'hub_live_total',
    'Messages to live sockets, and what was merged, skipped, closed or refused',
    () => ({ ...feed.counters }),
    'fate',
  );
}
