import type { PeerAddress, PeerStore } from '../../cluster/peers.ts';
import type { PgRow, Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';

/** The addresses at which hubs ask one another, and which hub has which device. */
export function createPostgresPeers(db: Postgres, { hub, incarnation }: PostgresOwner): PeerStore {
  return {
    async publish(address) {
      await db.query('UPDATE hub SET peer = $3 WHERE id = $1 AND inc = $2 RETURNING id', [
        hub,
        incarnation,
        JSON.stringify(address),
      ]);
    },

    async addressOf(start) {
      const [row] = await db.query('SELECT peer FROM hub WHERE id = $1 AND inc = $2', [
        start.id,
        start.incarnation,
      ]);
      return addressOf(row);
    },

    async ownerOf(device) {
      const [row] = await db.query('SELECT hub, inc FROM device_state WHERE device_id = $1', [device]);
      const { hub: id, inc } = row ?? {};
      return typeof id === 'string' ? { id, incarnation: Number(inc) } : undefined;
    },
  };
}

/** The address that `publish` wrote. A hub of the previous release wrote none. */
function addressOf(row: PgRow | undefined): PeerAddress | undefined {
  const text = row?.['peer'];
  return typeof text === 'string' ? (JSON.parse(text) as PeerAddress) : undefined;
}
