/** Recent events and nacks of each device, refusals by field and firmware, and hourly counts (`historyMigrations` applied). */

import type { RejectStore, StoredReject } from '../../admin/rejects.ts';
import type { DeviceListStore } from '../../kernel/device-lists.ts';
import { deviceListRows, rejectRows, type ListKind } from '../rows/history-rows.ts';
import { jsonOf } from '../rows/row.ts';
import { recordTableMigration } from './record-table-migration.ts';
import type { Database } from './sqlite.ts';
import { sqliteTables } from './sqlite-state-tables.ts';

/** Lists and rows are JSON; the other columns serve queries. The name of an hour is its number. */
export const historyMigrations: readonly string[] = [
  `CREATE TABLE device_list (
     kind TEXT NOT NULL,
     device_id TEXT NOT NULL,
     entries TEXT NOT NULL,
     PRIMARY KEY (kind, device_id)
   ) STRICT;
   CREATE INDEX device_list_device ON device_list (device_id);`,
  `CREATE TABLE reject (
     key TEXT PRIMARY KEY,
     last_ms REAL NOT NULL,
     entry TEXT NOT NULL
   ) STRICT;
   -- Refusals in rows that did not fit.
   CREATE TABLE reject_other (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     count INTEGER NOT NULL
   ) STRICT;`,
  recordTableMigration('day_count'),
];

/** The events of each device, or its nacks. */
export function createDeviceListStore<Entry>(db: Database, kind: ListKind): DeviceListStore<Entry> {
  const rows = deviceListRows<Entry>(sqliteTables(db), kind);
  return {
    ...rows,

    async save(changes) {
      if (changes.size === 0) return new Map();
      const stored = await rows.load([...changes.keys()]);
      const lists = new Map([...changes].map(([id, change]) => [id, change(stored.get(id) ?? [])]));
      const [saved = []] = await db.transaction([
        {
          sql: `INSERT INTO device_list (kind, device_id, entries)
                SELECT ?1, value ->> 0, value -> 1 FROM json_each(?2)
                 -- What happens while a device is removed is not kept of it.
                 WHERE EXISTS (SELECT 1 FROM device WHERE id = value ->> 0)
                ON CONFLICT (kind, device_id) DO UPDATE SET entries = excluded.entries RETURNING device_id`,
          params: [kind, JSON.stringify([...lists])],
        },
      ]);
      const ids = new Set(saved.map((row) => String(row['device_id'])));
      return new Map([...lists].filter(([id]) => ids.has(id)));
    },
  };
}

/** Refusals by field and firmware. */
export function createRejectStore(db: Database): RejectStore {
  return {
    ...rejectRows(sqliteTables(db)),

    async save(changes, other) {
      const keys = [...changes.keys()];
      const among = 'key IN (SELECT value FROM json_each(?1))';
      const rows = await db.read(`SELECT key, entry FROM reject WHERE ${among}`, [JSON.stringify(keys)]);
      const stored = new Map(rows.map(({ key, entry }) => [String(key), jsonOf(entry) as StoredReject]));
      const next = keys.map((key) => [key, changes.get(key)?.(stored.get(key))] as const);
      await db.transaction([
        {
          sql: `INSERT INTO reject (key, last_ms, entry)
                SELECT value ->> 0, value -> 1 ->> 'lastMs', value -> 1 FROM json_each(?1) WHERE true
                ON CONFLICT (key) DO UPDATE SET last_ms = excluded.last_ms, entry = excluded.entry`,
          params: [JSON.stringify(next.filter(([, row]) => row !== undefined))],
        },
        {
          sql: `DELETE FROM reject WHERE ${among}`,
          params: [JSON.stringify(next.flatMap(([key, row]) => (row === undefined ? [key] : [])))],
        },
        {
          sql: 'INSERT INTO reject_other (one, count) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET count = count + ?1',
          params: [other],
        },
      ]);
    },
  };
}
