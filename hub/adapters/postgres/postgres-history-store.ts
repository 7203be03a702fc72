/** Recent events and nacks of each device, and refusals by field and firmware. */

import type { RejectStore } from '../../admin/rejects.ts';
import type { DeviceListStore } from '../../kernel/device-lists.ts';
import { deviceListRows, rejectRows, type ListKind } from '../rows/history-rows.ts';
import type { Postgres } from './postgres.ts';
import { registeredAmong } from './postgres-device-store.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import { postgresTables } from './postgres-state-tables.ts';

/** The events of each device, or its nacks. */
export function createPostgresLists<Entry>(
  db: Postgres,
  owner: PostgresOwner,
  kind: ListKind,
): DeviceListStore<Entry> {
  return {
    ...deviceListRows<Entry>(postgresTables(db, owner), kind),

    async save(lists) {
      if (lists.size === 0) return;
      const given = [...lists].toSorted(([a], [b]) => (a < b ? -1 : 1));
      await db.query(
        `WITH registered AS (${registeredAmong('$2')})
         INSERT INTO device_list (device_id, kind, entries)
         SELECT g.id, $1, g.entries FROM unnest($2::text[], $3::text[]) AS g(id, entries)
           JOIN registered ON registered.id = g.id ORDER BY g.id
         ON CONFLICT (device_id, kind) DO UPDATE SET entries = excluded.entries`,
        [kind, given.map(([id]) => id), given.map(([, rows]) => JSON.stringify(rows))],
      );
    },
  };
}

/** Refusals by field and firmware. */
export function createPostgresRejects(db: Postgres, owner: PostgresOwner): RejectStore {
  return {
    ...rejectRows(postgresTables(db, owner)),

    async save({ changed, dropped, other }) {
      const given = [...changed];
      await db.query(
        `WITH saved AS (
           INSERT INTO reject (key, last_ms, entry)
           SELECT * FROM unnest($1::text[], $2::float8[], $3::text[])
           ON CONFLICT (key) DO UPDATE SET last_ms = excluded.last_ms, entry = excluded.entry),
         gone AS (DELETE FROM reject WHERE key = ANY($4::text[]))
         INSERT INTO reject_other (one, count) VALUES (true, $5) ON CONFLICT (one) DO UPDATE SET count = excluded.count`,
        [
          given.map(([key]) => key),
          given.map(([, { lastMs }]) => lastMs),
          given.map(([, entry]) => JSON.stringify(entry)),
          dropped,
          other,
        ],
      );
    },
  };
}
