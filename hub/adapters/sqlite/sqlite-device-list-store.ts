import type { DeviceListStore } from '../../kernel/device-lists.ts';
import type { Database } from './sqlite.ts';

/** The last entries of each device, as a JSON list for each kind. */
export const deviceListMigrations: readonly string[] = [
  `CREATE TABLE device_list (
     kind TEXT NOT NULL,
     device_id TEXT NOT NULL,
     entries TEXT NOT NULL,
     PRIMARY KEY (kind, device_id)
   ) STRICT;
   CREATE INDEX device_list_device ON device_list (device_id);`,
];

/** What happened to each device, or what was refused of it, in `state.db` (`deviceListMigrations` applied). */
export function createDeviceListStore<Row>(db: Database, kind: 'event' | 'nack'): DeviceListStore<Row> {
  return {
    async load(deviceIds) {
      const rows = await db.read(
        `SELECT device_id, entries FROM device_list
          WHERE kind = ?1 AND device_id IN (SELECT value FROM json_each(?2))`,
        [kind, JSON.stringify(deviceIds)],
      );
      // Written by `save` below, and by nothing else.
      return new Map(
        rows.map((row) => [String(row['device_id']), JSON.parse(String(row['entries'])) as Row[]]),
      );
    },

    async save(lists) {
      if (lists.size === 0) return;
      await db.transaction([
        {
          sql: `INSERT INTO device_list (kind, device_id, entries)
                SELECT ?1, value ->> 0, value -> 1 FROM json_each(?2)
                 -- What happens while a device is removed is not kept of it.
                 WHERE EXISTS (SELECT 1 FROM device WHERE id = value ->> 0)
                ON CONFLICT (kind, device_id) DO UPDATE SET entries = excluded.entries`,
          params: [kind, JSON.stringify([...lists])],
        },
      ]);
    },
  };
}
