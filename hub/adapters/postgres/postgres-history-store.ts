/** What happened lately: of each device, and by field and firmware. */

import type { RejectStore, StoredReject } from '../../admin/rejects.ts';
import type { DeviceListStore } from '../../kernel/device-lists.ts';
import type { RemovalStore } from '../../registry/removals.ts';
import type { Postgres } from './postgres.ts';

/** What happened to each device, or what was refused of it. */
export function createPostgresLists<Row>(db: Postgres, kind: 'event' | 'nack'): DeviceListStore<Row> {
  return {
    async load(deviceIds) {
      const rows = await db.query(
        'SELECT device_id, entries FROM device_list WHERE kind = $1 AND device_id = ANY($2::text[])',
        [kind, deviceIds],
      );
      // Written by `save` below, and by nothing else.
      return new Map(
        rows.map((row) => [String(row['device_id']), JSON.parse(String(row['entries'])) as Row[]]),
      );
    },

    async save(lists) {
      if (lists.size === 0) return;
      const given = [...lists].toSorted(([a], [b]) => (a < b ? -1 : 1));
      await db.query(
        `INSERT INTO device_list (device_id, kind, entries)
         SELECT g.id, $1, g.entries FROM unnest($2::text[], $3::text[]) AS g(id, entries)
          -- What happens while a device is removed is not kept of it.
          WHERE EXISTS (SELECT 1 FROM device d WHERE d.id = g.id)
         ON CONFLICT (device_id, kind) DO UPDATE SET entries = excluded.entries`,
        [kind, given.map(([id]) => id), given.map(([, rows]) => JSON.stringify(rows))],
      );
    },
  };
}

/** Refusals by field and firmware. */
export function createPostgresRejects(db: Postgres): RejectStore {
  return {
    async load() {
      const rows = await db.longQuery('SELECT entry FROM reject ORDER BY last_ms, key');
      const [other] = await db.query('SELECT count FROM reject_other');
      return {
        // Written by `save` below, and by nothing else.
        entries: rows.map(({ entry }) => JSON.parse(String(entry)) as StoredReject),
        other: Number(other?.['count'] ?? 0),
      };
    },

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

/** Removals in progress. */
export function createPostgresRemovals(db: Postgres): RemovalStore {
  return {
    async load() {
      const rows = await db.query('SELECT device_id, commands_ended FROM removed_device ORDER BY device_id');
      return rows.map((row) => ({
        deviceId: String(row['device_id']),
        commandsEnded: row['commands_ended'] === true,
      }));
    },

    async commandsEnded(deviceIds) {
      await db.query('UPDATE removed_device SET commands_ended = true WHERE device_id = ANY($1::text[])', [
        deviceIds,
      ]);
    },

    async settled(deviceId) {
      await db.query('DELETE FROM removed_device WHERE device_id = $1 AND commands_ended', [deviceId]);
    },
  };
}
