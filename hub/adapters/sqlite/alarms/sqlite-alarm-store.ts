import type { AlarmRow, AlarmStore } from '../../../alarms/alarm-store.ts';
import { jsonOf } from '../../rows/row.ts';
import { oweDeliveries } from './sqlite-webhook-store.ts';
import type { Database } from '../sqlite.ts';

/** Alarms in `state.db`, so that a restart forgets none. */
export function createAlarmStore(db: Database): AlarmStore {
  return {
    async load() {
      const rows = await db.read('SELECT body FROM alarm ORDER BY n');
      return rows.map(({ body }) => ({ row: jsonOf(body) as AlarmRow }));
    },

    async save(changes) {
      const rows = changes.flatMap(({ row }) => row ?? []);
      const dropped = changes.flatMap(({ name, row }) => (row === undefined ? [name] : []));
      await db.transaction([
        {
          sql: `INSERT INTO alarm (device_id, source, n, body)
                SELECT value ->> 'device', value ->> 'source', value ->> 'n', value
                  FROM json_each(?1)
                 -- What changes while a device is removed is not kept of it.
                 WHERE value ->> 'device' = '' OR EXISTS (SELECT 1 FROM device WHERE id = value ->> 'device')
                ON CONFLICT (device_id, source) DO UPDATE SET n = excluded.n, body = excluded.body`,
          params: [JSON.stringify(rows)],
        },
        {
          sql: `DELETE FROM alarm WHERE (device_id, source) IN (
                  SELECT value ->> 'device', value ->> 'source' FROM json_each(?1))`,
          params: [JSON.stringify(dropped.map(({ device, source }) => ({ device, source })))],
        },
        oweDeliveries(changes.flatMap(({ deliveries }) => deliveries)),
      ]);
      // No other hub changes them, so every change is saved.
      return changes.map(() => ({ kind: 'saved' }));
    },
  };
}
