import type { DeviceTypeStore } from '../../registry/device-type-store.ts';
import { jsonOf } from '../rows/row.ts';
import type { Postgres } from './postgres.ts';

/** The device types that hubs share. */
export function createPostgresTypes(db: Postgres): DeviceTypeStore {
  return {
    async rev() {
      const [row] = await db.query('SELECT rev FROM device_type_rev');
      return Number(row?.['rev'] ?? 0);
    },

    async load() {
      // The number and the rows of one moment, so in one statement.
      const rows = await db.longQuery(
        `SELECT r.rev, t.id, t.definition FROM device_type_rev r LEFT JOIN device_type t ON true ORDER BY t.id`,
      );
      return {
        rev: Number(rows[0]?.['rev'] ?? 0),
        types: rows.flatMap(({ id, definition }) =>
          typeof id === 'string' ? [{ id, definition: jsonOf(definition) }] : [],
        ),
      };
    },

    async put(rev, types) {
      const [row] = await db.query(
        `WITH next AS (UPDATE device_type_rev SET rev = rev + 1 WHERE rev = $1 RETURNING rev),
         kept AS (
           INSERT INTO device_type (id, definition, rev)
           SELECT g.id, g.definition, next.rev FROM next, unnest($2::text[], $3::text[]) AS g(id, definition) ORDER BY g.id
           ON CONFLICT (id) DO UPDATE SET definition = excluded.definition, rev = excluded.rev)
         SELECT rev FROM next`,
        [rev, types.map(({ id }) => id), types.map(({ definition }) => JSON.stringify(definition))],
      );
      return row !== undefined;
    },
  };
}
