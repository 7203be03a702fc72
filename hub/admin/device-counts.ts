import type { countedBy, DeviceCounts, DeviceSummary } from '../../schemas/api/devices.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { Registry } from '../registry/registry.ts';
import type { MayShow } from '../registry/visibility.ts';

/** How many devices are in each state, by what they have in common; in the order of its values. */
export async function countsBy(
  registry: Pick<Registry, 'pages'>,
  rowOf: (record: DeviceRecord) => DeviceSummary,
  { by, mayShow }: { by: (typeof countedBy)[number]; mayShow: MayShow },
): Promise<DeviceCounts[]> {
  const states = new Map<string, Map<string, number>>();
  for await (const page of registry.pages()) {
    for (const record of page) {
      if (!mayShow(record.id)) continue;
      const row = rowOf(record);
      const value = row[by] ?? '';
      const counts = states.get(value) ?? new Map<string, number>();
      counts.set(row.presence, (counts.get(row.presence) ?? 0) + 1);
      states.set(value, counts);
    }
  }
  return [...states]
    .map(([value, counts]) => ({
      value,
      devices: [...counts.values()].reduce((sum, each) => sum + each, 0),
      byState: Object.fromEntries(counts),
    }))
    .toSorted((a, b) => (a.value < b.value ? -1 : 1));
}
