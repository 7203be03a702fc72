import type { LastValues, Reading } from '../../../schemas/api/telemetry/readings.ts';
import type { LatestReadings } from './latest-readings.ts';
import type { MetricsReader } from '../store.ts';
import type { TypeOf } from '../stream-of.ts';

/**
 * The newest reading of each stream of a device: what came since the hub started, otherwise what the store has.
 * @returns a function that throws HubError `device-unknown` · `type-unknown` · `store-unavailable`
 */
export function createLastValues(deps: {
  store: Pick<MetricsReader, 'readings'>;
  latest: LatestReadings;
  typeOf: TypeOf;
}): (device: string) => Promise<LastValues> {
  const { store, latest, typeOf } = deps;
  return async (device) => {
    const type = typeOf(device);
    const streams: Record<string, Reading> = {};
    const stored = async (measurement: string): Promise<Reading | undefined> => {
      const newest = { fromMs: 0, toMs: farMs, limit: 1, take: 'last' } as const;
      return (await store.readings({ measurement, device, ...newest }))[0];
    };
    let fault: unknown;
    for (const { name, measurement, fields } of type.streams.values()) {
      let reading = latest.of(device, name);
      try {
        if (reading === undefined && fault === undefined) reading = await stored(measurement);
      } catch (error) {
        fault = error;
      }
      if (reading !== undefined)
        streams[name] = { timeMs: reading.timeMs, fields: inOrder(reading.fields, fields) };
    }
    if (fault === undefined) return { streams };
    if (Object.keys(streams).length === 0) throw fault;
    return { streams, incomplete: true };
  };
}

/** The fields in the order of the schema, whatever order a device or a store has them in. */
function inOrder(given: Reading['fields'], fields: readonly { name: string }[]): Reading['fields'] {
  const place = new Map(fields.map(({ name }, at) => [name, at]));
  const placeOf = ([name]: [string, unknown]): number => place.get(name) ?? place.size;
  return Object.fromEntries(Object.entries(given).toSorted((a, b) => placeOf(a) - placeOf(b)));
}

/** The year 2200, Unix ms: every store accepts it as a time. */
const farMs = 7_258_118_400_000;
