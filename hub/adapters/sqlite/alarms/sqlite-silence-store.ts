import type { Silence } from '../../../../schemas/api/alarms.ts';
import type { SilenceStore } from '../../../alarms/alarm-store.ts';
import type { Database } from '../sqlite.ts';

/** Silences in `state.db`. */
export function createSilenceStore(db: Database): SilenceStore {
  return {
    async load() {
      const rows = await db.read('SELECT body FROM silence ORDER BY rowid');
      // Written by `save` below, and by nothing else.
      return rows.map((row) => JSON.parse(String(row['body'])) as Silence);
    },

    async save(silence) {
      await db.transaction([
        {
          sql: 'INSERT INTO silence (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body',
          params: [silence.id, JSON.stringify(silence)],
        },
      ]);
    },

    async remove(ids) {
      await db.transaction([
        {
          sql: 'DELETE FROM silence WHERE id IN (SELECT value FROM json_each(?1))',
          params: [JSON.stringify(ids)],
        },
      ]);
    },
  };
}
