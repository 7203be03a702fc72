import type { SentEvent } from '../../schemas/api/telemetry/readings.ts';
import type { MetricsReader, ReadingsQuery } from './store.ts';

/** Events of all devices, as `Ingest.event` writes them. */
export const eventMeasurement = 'event';

export type SentEventsQuery = Omit<ReadingsQuery, 'measurement' | 'tags'>;

/** What a device sent as events, oldest first. @returns a function that throws HubError `store-unavailable` */
export function createSentEvents(
  store: Pick<MetricsReader, 'readings'>,
): (query: SentEventsQuery) => Promise<SentEvent[]> {
  return async (query) => {
    const rows = await store.readings({ measurement: eventMeasurement, ...query, tags: true });
    return rows.map(({ timeMs, fields: { name, severity, data } }) => ({
      timeMs,
      name: String(name),
      // Written by `Ingest.event`, and by nothing else.
      severity: severity as SentEvent['severity'],
      data: JSON.parse(String(data)) as unknown,
    }));
  };
}
