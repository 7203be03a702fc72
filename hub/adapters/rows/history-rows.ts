/** Reads device events, nacks and counted refusals; the same in both databases. */

import type { RejectStore, StoredReject } from '../../admin/rejects.ts';
import type { DeviceListStore } from '../../kernel/device-lists.ts';
import { jsonOf } from './row.ts';
import type { StateTables } from './state-tables.ts';

export type ListKind = 'event' | 'nack';

export function deviceListRows<Entry>(
  tables: StateTables,
  kind: ListKind,
): Pick<DeviceListStore<Entry>, 'load'> {
  const sql = `SELECT device_id, entries FROM device_list WHERE kind = $1 AND device_id ${tables.among('$2')}`;
  return {
    async load(deviceIds) {
      const rows = await tables.read(sql, [kind, deviceIds]);
      return new Map(rows.map((row) => [String(row['device_id']), jsonOf(row['entries']) as Entry[]]));
    },
  };
}

export function rejectRows(tables: StateTables): Pick<RejectStore, 'load'> {
  return {
    async load() {
      const rows = await tables.load('SELECT entry FROM reject ORDER BY last_ms, key');
      const [other] = await tables.load('SELECT count FROM reject_other');
      return {
        entries: rows.map(({ entry }) => jsonOf(entry) as StoredReject),
        other: Number(other?.['count'] ?? 0),
      };
    },
  };
}
