import type { MetricsReader, ReadingsRow } from '../store.ts';
import { streamOf, type TypeOf } from '../stream-of.ts';

export interface DeviceReadingsQuery {
  device: string;
  stream: string;
  /** Unix ms, inclusive. */
  fromMs: number;
  /** Unix ms, exclusive. */
  toMs: number;
  /** The maximum number of rows. */
  limit: number;
  /** `last`: the newest rows of the range; `first`: the oldest. Both are answered oldest first. */
  take: 'first' | 'last';
}

/**
 * Reads of one device's stream, by the stream's name.
 * @returns a function that throws HubError `device-unknown`, `type-unknown`, `input-invalid` (no such stream) or `store-unavailable`
 */
export function createReadings(deps: {
  store: Pick<MetricsReader, 'readings'>;
  typeOf: TypeOf;
}): (query: DeviceReadingsQuery) => Promise<ReadingsRow[]> {
  return async ({ stream, ...query }) => {
    const { measurement } = streamOf(deps.typeOf, query.device, stream);
    return deps.store.readings({ measurement, ...query });
  };
}
