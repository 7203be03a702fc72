import type { Metrics } from '../kernel/metrics.ts';
import type { Bus } from './bus.ts';

/** The counts of the bus on the `/metrics` page. */
export function exposeBus(metrics: Metrics, bus: Bus): void {
  metrics.gauge('hub_bus_connected', '1 while the broker has the hub connected', () =>
    bus.connected ? 1 : 0,
  );
  metrics.counter(
    'hub_broker_refusals_total',
    'Sockets that the embedded broker cut, and connections and subscriptions beyond the share of an operator',
    () => bus.clientRefusals,
    'cause',
  );
  metrics.counter(
    'hub_bus_messages_total',
    'Bus messages, by what became of them',
    () => {
      const { published, dropped, unavailable, refused, received, denied } = bus.counters;
      return { published, dropped, unavailable, refused, received, denied };
    },
    'fate',
  );
}
