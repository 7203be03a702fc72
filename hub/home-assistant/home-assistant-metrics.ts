import type { Metrics } from '../kernel/metrics.ts';
import type { DiscoveryPublisher } from './discovery-publisher.ts';

export function exposeHomeAssistant(metrics: Metrics, publisher: DiscoveryPublisher): void {
  metrics.counter(
    'hub_home_assistant_messages_total',
    'Retained messages for Home Assistant, by fate: published, unchanged (the broker had it), failed (published with the next change or connect)',
    () => ({ ...publisher.counters }),
    'fate',
  );
}
