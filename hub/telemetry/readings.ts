import type { DeviceType } from '../../schemas/index.ts';
import type { DeviceReadingsQuery } from '../devices/admin-operations.ts';
import type { MetricsReader, ReadingsRow } from './store.ts';
import { streamOf } from './stream-of.ts';

/**
 * Reads of one device's stream, by the stream's name.
 * @returns a function that throws HubError `device-unknown`, `input-invalid` (no such stream) or `store-unavailable`
 */
export function createReadings(deps: {
  store: Pick<MetricsReader, 'readings'>;
  typeOf: (deviceId: string) => DeviceType | undefined;
}): (query: DeviceReadingsQuery) => Promise<ReadingsRow[]> {
  return async ({ stream, ...query }) => {
    const { measurement } = streamOf(deps.typeOf, query.device, stream);
    return deps.store.readings({ measurement, ...query });
  };
}
