import { invalidInput } from '../kernel/errors.ts';
import type { DeviceQuery, DeviceTwin } from '../../schemas/api/devices.ts';
import { renderValue, typeName } from '../../schemas/index.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { PresenceState } from '../../schemas/presence-states.ts';

interface Page<Row> {
  devices: Row[];
  /** The `after` of the next page; null after the last. */
  next: string | null;
}

/**
 * One page of the devices a query means. @throws HubError `input-invalid` for a label that is none
 * @param records all of them, by id
 * @param rowOf makes the row of a device
 */
export function pageOf<Row extends { presence: PresenceState; twin?: DeviceTwin }>(
  records: readonly DeviceRecord[],
  query: DeviceQuery,
  rowOf: (record: DeviceRecord) => Row,
  mayShow: MayShow = () => true,
): Page<Row> {
  const { state, label = [] } = query;
  const labels = label.map((term) => labelTerm(term));
  const q = query.q?.toLowerCase();
  const devices: Row[] = [];
  let last = '';
  for (let index = firstAfter(records, query.after); index < records.length; index += 1) {
    const record = records[index];
    if (record === undefined || !matches(record, query, labels, q) || !mayShow(record.id)) continue;
    const row = rowOf(record);
    if (state !== undefined && row.presence !== state) continue;
    if (query.twin !== undefined && row.twin?.state !== query.twin) continue;
    // One more than asked for shows that there is a next page.
    if (devices.length === query.limit) return { devices, next: last };
    devices.push(row);
    last = record.id;
  }
  return { devices, next: null };
}

/** Where the ids after `after` begin. */
function firstAfter(records: readonly DeviceRecord[], after: string | undefined): number {
  if (after === undefined) return 0;
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.id ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
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
