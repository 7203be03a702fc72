import type { Rollout, RolloutRecord, RolloutTarget } from '../../../firmware/rollouts/rollout.ts';
import type { RolloutStore } from '../../../firmware/rollouts/rollout-store.ts';
import type { Update } from '../../../firmware/rollouts/update.ts';
import type { Database } from '../sqlite.ts';
import type { Row } from '../sqlite-protocol.ts';

export function createRolloutStore(db: Database): RolloutStore {
  async function withTargets(rows: readonly Row[]): Promise<RolloutRecord[]> {
    const sql = 'SELECT device, wave, body FROM rollout_target WHERE rollout = ?1 ORDER BY n';
    return Promise.all(
      rows.map(async (row) => ({
        rollout: rolloutOf(row),
        targets: (await db.read(sql, [String(row['id'])])).map(targetOf),
      })),
    );
  }

  return {
    open: async () =>
      withTargets(await db.read('SELECT id, body FROM rollout WHERE settled = 0 ORDER BY seq')),

    find: async (id) =>
      (await withTargets(await db.read('SELECT id, body FROM rollout WHERE id = ?1', [id])))[0],

    async list(limit) {
      return (await db.read('SELECT body FROM rollout ORDER BY seq DESC LIMIT ?1', [limit])).map(rolloutOf);
    },

    async accept({ rollout, targets }) {
      const { id } = rollout;
      const [added] = await db.transaction([
        {
          sql: 'INSERT INTO rollout (id, settled, body) VALUES (?1, 0, ?2) ON CONFLICT DO NOTHING RETURNING id',
          params: [id, JSON.stringify(rollout)],
        },
        {
          // If it is there already, so are all its targets.
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

/** Written by `accept` and `save` above, and by nothing else. */
function rolloutOf({ body }: Row): Rollout {
  return JSON.parse(String(body)) as Rollout;
}

function targetOf(row: Row): RolloutTarget {
  return {
    device: String(row['device']),
    wave: Number(row['wave']),
    update: JSON.parse(String(row['body'])) as Update,
  };
}
