import type { TenureStore } from '../../cluster/tenure.ts';
import type { Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';

export function createPostgresTenure(db: Postgres, { hub, inc }: PostgresOwner): TenureStore {
  return {
    async beat() {
      const mine = await db.query(
        `UPDATE hub SET beat = beat + 1 WHERE id = $1 AND inc = $2 AND state IN ('up', 'draining') RETURNING beat`,
        [hub, inc],
      );
      return mine.length === 1;
    },

    async others() {
      const rows = await db.query(
        `SELECT id, inc, beat FROM hub WHERE state IN ('up', 'draining') AND (id <> $1 OR inc <> $2)`,
        [hub, inc],
      );
      return rows.map((row) => ({
        id: String(row['id']),
        inc: Number(row['inc']),
        beat: Number(row['beat']),
      }));
    },

    async declareDead({ id, inc: incarnation, beat }) {
      await db.query(
        `UPDATE hub SET state = 'dead' WHERE id = $1 AND inc = $2 AND beat = $3 AND state IN ('up', 'draining')`,
        [id, incarnation, beat],
      );
    },

    async leave() {
      await db.query(`UPDATE hub SET state = 'left' WHERE id = $1 AND inc = $2 AND state <> 'dead'`, [
        hub,
        inc,
      ]);
    },
  };
}
