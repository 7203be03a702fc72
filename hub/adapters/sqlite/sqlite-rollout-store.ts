import type { RolloutStore } from '../../firmware/rollouts/rollout-store.ts';
import { rolloutRows } from '../rows/rollout-rows.ts';
import type { Database } from './sqlite.ts';
import { sqliteTables } from './sqlite-state-tables.ts';

export function createRolloutStore(db: Database): RolloutStore {
  return {
    ...rolloutRows(sqliteTables(db)),

    async accept({ rollout, targets }) {
      const { id } = rollout;
      const [added] = await db.transaction([
        {
          sql: 'INSERT INTO rollout (id, settled, body) VALUES (?1, 0, ?2) ON CONFLICT DO NOTHING RETURNING id',
          params: [id, JSON.stringify(rollout)],
        },
        {
          // If the rollout is there already, so are all its targets.
          sql: `INSERT INTO rollout_target (rollout, n, device, wave, body)
                SELECT ?1, key, value ->> 'device', value ->> 'wave', value -> 'update' FROM json_each(?2)
                 WHERE NOT EXISTS (SELECT 1 FROM rollout_target WHERE rollout = ?1)`,
          params: [id, JSON.stringify(targets)],
        },
      ]);
      return added?.length === 1;
    },

    async save(rollout, targets) {
      const { id, settled = false, endedMs = null } = rollout;
      const rows = targets.map(({ index, target }) => ({ n: index, update: target.update }));
      await db.transaction([
        {
          sql: 'UPDATE rollout SET settled = ?2, ended_ms = ?3, body = ?4 WHERE id = ?1',
          params: [id, settled ? 1 : 0, endedMs, JSON.stringify(rollout)],
        },
        {
          sql: `UPDATE rollout_target SET body = given.value -> 'update'
                  FROM json_each(?2) AS given WHERE rollout = ?1 AND n = given.value ->> 'n'`,
          params: [id, JSON.stringify(rows)],
        },
      ]);
    },

    async prune(endedBeforeMs) {
      const gone = 'SELECT id FROM rollout WHERE settled = 1 AND ended_ms < ?1';
      await db.transaction([
        { sql: `DELETE FROM rollout_target WHERE rollout IN (${gone})`, params: [endedBeforeMs] },
        { sql: 'DELETE FROM rollout WHERE settled = 1 AND ended_ms < ?1', params: [endedBeforeMs] },
      ]);
    },
  };
}
