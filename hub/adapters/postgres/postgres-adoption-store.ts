import type { AdoptionStore } from '../../cluster/adoption.ts';
import type { PgRow, Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';

/** Which hub has which devices. */
export function createPostgresAdoption(db: Postgres, { hub, incarnation }: PostgresOwner): AdoptionStore {
  return {
    async owned() {
      const rows = await db.longQuery(
        'SELECT device_id, epoch FROM device_state WHERE hub = $1 AND inc = $2',
        [hub, incarnation],
      );
      return new Map(rows.map((row) => [String(row['device_id']), Number(row['epoch'])]));
    },

    async shares() {
      const rows = await db.longQuery(
        'SELECT hub, inc, count(*) AS devices FROM device_state WHERE hub IS NOT NULL GROUP BY hub, inc',
      );
      return rows.map((row) => ({
        id: String(row['hub']),
        incarnation: Number(row['inc']),
        devices: Number(row['devices']),
      }));
    },

    async adopt(ended, atMost) {
      const rows = await db.query('SELECT device_id, kept FROM adopt_devices($1, $2, $3, $4, $5)', [
        hub,
        incarnation,
        ended.id,
        ended.incarnation,
        atMost,
      ]);
      const { kept = [], left = [] } = Object.groupBy(rows, (row) =>
        row['kept'] === true ? 'kept' : 'left',
      );
      return { kept: kept.map(idOf), left: left.map(idOf) };
    },
  };
}

function idOf(row: PgRow): string {
  return String(row['device_id']);
}
