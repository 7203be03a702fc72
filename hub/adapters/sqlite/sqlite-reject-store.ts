import type { RejectStore, StoredReject } from '../../admin/rejects.ts';
import type { Database } from './sqlite.ts';

/** `entry` is the whole row as JSON. */
export const rejectMigrations: readonly string[] = [
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
];

/** Refusals by field and firmware, in `state.db` (`rejectMigrations` applied). */
export function createRejectStore(db: Database): RejectStore {
  return {
    async load() {
      const rows = await db.read('SELECT entry FROM reject ORDER BY last_ms');
      const [other] = await db.read('SELECT count FROM reject_other');
      return {
        // Written by `save` below, and by nothing else.
        entries: rows.map(({ entry }) => JSON.parse(String(entry)) as StoredReject),
        other: Number(other?.['count'] ?? 0),
      };
    },

    async save({ changed, dropped, other }) {
      await db.transaction([
        {
          sql: `INSERT INTO reject (key, last_ms, entry)
                SELECT value ->> 0, value -> 1 ->> 'lastMs', value -> 1 FROM json_each(?1) WHERE true
                ON CONFLICT (key) DO UPDATE SET last_ms = excluded.last_ms, entry = excluded.entry`,
          params: [JSON.stringify([...changed])],
        },
        {
          sql: 'DELETE FROM reject WHERE key IN (SELECT value FROM json_each(?1))',
          params: [JSON.stringify(dropped)],
        },
        {
          sql: 'INSERT INTO reject_other (one, count) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET count = ?1',
          params: [other],
        },
      ]);
    },
  };
}
