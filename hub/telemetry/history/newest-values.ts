import type { FieldValue, NewestValues } from '../../../schemas/api/telemetry/readings.ts';
import type { LatestReadings } from './latest-readings.ts';

/** The newest values of these fields; where two streams of a device have one of the same name, that of the newer reading. */
export function newestValuesOf(
  latest: LatestReadings,
  fields: readonly string[],
  mayShow: (device: string) => boolean,
): NewestValues {
  const known = new Set<string>();
  const devices = new Map<string, Record<string, FieldValue>>();
  for (const [device, readings] of latest.all()) {
    if (!mayShow(device)) continue;
    const found = new Map<string, FieldValue>();
    for (const { fields: values } of readings.toSorted((a, b) => a.timeMs - b.timeMs)) {
      for (const name of Object.keys(values)) known.add(name);
      for (const name of fields) {
        const value = Object.hasOwn(values, name) ? values[name] : undefined;
        if (value !== undefined) found.set(name, value);
      }
    }
    if (found.size > 0) devices.set(device, Object.fromEntries(found));
  }
  return { fields: [...known].toSorted(), devices: Object.fromEntries(devices) };
}
