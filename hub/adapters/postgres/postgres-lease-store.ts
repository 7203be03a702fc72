import type { LeaseStore } from '../../cluster/leases.ts';
import type { Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';

/** Leases: each lets one hub do something for all hubs. */
export function createPostgresLeases(db: Postgres, { hub, incarnation }: PostgresOwner): LeaseStore {
  return {
    async leases() {
      const rows = await db.query('SELECT name, hub, inc, token FROM lease');
      return rows.map(({ name, token, hub: id, inc }) => ({
        name: String(name),
        token: Number(token),
        ...(typeof id === 'string' ? { holder: { id, incarnation: Number(inc) } } : {}),
      }));
    },

    async take(name, seenToken) {
      const [row] = await db.query(
        // The token decides between hubs that take the lease at the same moment. A hub that waited for the row checks the
        // token as it is now, but the state of the holder as it was before (PostgreSQL, Read Committed).
        `UPDATE lease SET hub = $1, inc = $2, token = token + 1 WHERE name = $3 AND token = $4
            AND EXISTS (SELECT 1 FROM hub h WHERE h.id = $1 AND h.inc = $2 AND h.state = 'up')
            AND NOT EXISTS (SELECT 1 FROM hub h WHERE h.id = lease.hub AND h.inc = lease.inc AND h.state = 'up')
          RETURNING token`,
        [hub, incarnation, name, seenToken],
      );
      return row === undefined ? undefined : Number(row['token']);
    },
  };
}
