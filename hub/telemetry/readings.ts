import type { DeviceType } from '../../schemas/index.ts';
import type { DeviceReadingsQuery } from '../devices/admin-operations.ts';
import { HubError } from '../kernel/errors.ts';
import type { MetricsReader, ReadingsRow } from './store.ts';

/**
 * Reads of one device's stream, by the stream's name.
 * @returns a function that throws HubError `device-unknown`, `input-invalid` (no such stream) or `store-unavailable`
 */
export function createReadings(deps: {
  store: MetricsReader;
  typeOf: (deviceId: string) => DeviceType | undefined;
}): (query: DeviceReadingsQuery) => Promise<ReadingsRow[]> {
  return async ({ device, stream, fromMs, toMs, limit, take }) => {
    const type = deps.typeOf(device);
    if (type === undefined) throw new HubError('device-unknown', device, { details: { id: device } });
    const found = type.streams.get(stream);
    if (found === undefined) {
      const streams = [...type.streams.keys()];
      throw new HubError(
        'input-invalid',
        `${type.id} has no stream ${stream}; it has ${streams.join(', ')}`,
        {
          details: { name: 'stream', got: stream, streams },
        },
      );
    }
    return deps.store.readings({ measurement: found.measurement, device, fromMs, toMs, limit, take });
  };
}
