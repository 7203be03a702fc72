import type { LogLine } from '../../schemas/api/telemetry/readings.ts';
import type { MetricsReader, ReadingsQuery } from './store.ts';

/** Lines of the logs of all devices; kept as long as readings. */
export const logMeasurement = 'log';

export type DeviceLogQuery = Omit<ReadingsQuery, 'measurement'>;

/** Lines of a device's log, oldest first. @returns a function that throws HubError `store-unavailable` */
export function createDeviceLogs(
  store: Pick<MetricsReader, 'readings'>,
): (query: DeviceLogQuery) => Promise<LogLine[]> {
  return async (query) => {
    const rows = await store.readings({ measurement: logMeasurement, ...query });
    // Written by `Ingest.log`, and by nothing else.
    return rows.map(({ timeMs, fields }) => ({ timeMs, ...fields }) as LogLine);
  };
}
