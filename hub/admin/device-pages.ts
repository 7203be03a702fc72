import { invalidInput } from '../kernel/errors.ts';
import type { DeviceQuery, DeviceTwin } from '../../schemas/api/devices.ts';
import { renderValue, typeName } from '../../schemas/index.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { PresenceState } from '../../schemas/presence-states.ts';
import type { Registry } from '../registry/registry.ts';

interface Page<Row> {
  devices: Row[];
  /** The `after` of the next page; null after the last. */
  next: string | null;
}

/**
 * One page of the devices a query means. @throws HubError `input-invalid` for a label that is none
 * @param rowOf makes the row of a device
 */
export async function pageOf<Row extends { presence: PresenceState; twin?: DeviceTwin }>(
  registry: Pick<Registry, 'pages'>,
  query: DeviceQuery,
  rowOf: (record: DeviceRecord) => Row,
  mayShow: MayShow = () => true,
): Promise<Page<Row>> {
  const { state, label = [] } = query;
  const labels = label.map((term) => labelTerm(term));
  const q = query.q?.toLowerCase();
  const devices: Row[] = [];
  let last = '';
  for await (const page of registry.pages(query.after)) {
    for (const record of page) {
      if (!matches(record, query, labels, q) || !mayShow(record.id)) continue;
      const row = rowOf(record);
      if (state !== undefined && row.presence !== state) continue;
      if (query.twin !== undefined && row.twin?.state !== query.twin) continue;
      // One more than asked for shows that there is a next page.
      if (devices.length === query.limit) return { devices, next: last };
      devices.push(row);
      last = record.id;
    }
  }
  return { devices, next: null };
}

/** `key=value` → both. */
function labelTerm(term: string): [string, string] {
  const equals = term.indexOf('=');
  if (equals > 0) return [term.slice(0, equals), term.slice(equals + 1)];
  const expected = 'key=value';
  throw invalidInput({ path: '/label', keyword: 'pattern', expected, got: renderValue(term) }, 'query label');
}

function matches(
  record: DeviceRecord,
  query: DeviceQuery,
  wanted: readonly (readonly [string, string])[],
  q: string | undefined,
): boolean {
  const { id, type, site, labels = {} } = record;
  if (query.site !== undefined && site !== query.site) return false;
  if (query.type !== undefined && type !== query.type && typeName(type) !== query.type) return false;
  if (!wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)) return false;
  return q === undefined || [id, type, site, ...Object.values(labels)].some((text) => holds(text, q));
}

function holds(text: string, part: string): boolean {
  return text.toLowerCase().includes(part);
}
