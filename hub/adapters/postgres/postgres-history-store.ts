/** Recent events and nacks of each device, and refusals by field and firmware. */

import type { RejectStore, StoredReject } from '../../admin/rejects.ts';
import type { DeviceListStore } from '../../kernel/device-lists.ts';
import { deviceListRows, rejectRows, type ListKind } from '../rows/history-rows.ts';
import { jsonOf } from '../rows/row.ts';
import type { Postgres } from './postgres.ts';
import { registeredAmong } from './postgres-device-store.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import { postgresTables } from './postgres-state-tables.ts';

/** The events of each device, or its nacks. */
export function createPostgresLists<Entry>(
  db: Postgres,
  owner: PostgresOwner,
  kind: ListKind,
): DeviceListStore<Entry> {
  const rows = deviceListRows<Entry>(postgresTables(db, owner), kind);
  return {
    ...rows,

    async save(changes) {
      const saved = new Map<string, Entry[]>();
      /** As they were read for the last try; null: there was none. */
      let known = new Map<string, string | null>();
      let left = [...changes.keys()].toSorted();
      while (left.length > 0) {
        const texts = await readTexts(db, kind, left);
        // Where it was as it is now, no other hub came between: the device is not registered.
        const tried = left.filter((id) => known.get(id) !== (texts.get(id) ?? null));
        known = new Map(tried.map((id) => [id, texts.get(id) ?? null]));
        const lists = new Map(
          tried.map((id) => [id, changes.get(id)?.(jsonOf(known.get(id) ?? '[]') as Entry[]) ?? []]),
        );
        const written = await writeLists(db, kind, lists, known);
        for (const id of written) saved.set(id, lists.get(id) ?? []);
        left = tried.filter((id) => !saved.has(id));
      }
      return saved;
    },
  };
}

async function readTexts(db: Postgres, kind: ListKind, ids: readonly string[]): Promise<Map<string, string>> {
  const sql = 'SELECT device_id, entries FROM device_list WHERE kind = $1 AND device_id = ANY($2::text[])';
  const rows = await db.query(sql, [kind, ids]);
  return new Map(rows.map((row) => [String(row['device_id']), String(row['entries'])]));
}

/** @returns those whose list was still the known one */
async function writeLists(
  db: Postgres,
  kind: ListKind,
  lists: ReadonlyMap<string, readonly unknown[]>,
  known: ReadonlyMap<string, string | null>,
): Promise<string[]> {
  const ids = [...lists.keys()];
  const rows = await db.query(
    `WITH registered AS (${registeredAmong('$2')}),
     given AS (
       SELECT g.* FROM unnest($2::text[], $3::text[], $4::text[]) AS g(id, known, entries)
         JOIN registered ON registered.id = g.id),
     held AS (
       SELECT g.* FROM given g JOIN device_list l ON l.device_id = g.id AND l.kind = $1 AND l.entries = g.known
        ORDER BY g.id FOR UPDATE OF l),
     changed AS (
       UPDATE device_list l SET entries = h.entries FROM held h
        WHERE l.device_id = h.id AND l.kind = $1 AND l.entries = h.known RETURNING l.device_id),
     added AS (
       INSERT INTO device_list (device_id, kind, entries) SELECT id, $1, entries FROM given WHERE known IS NULL ORDER BY id
       ON CONFLICT (device_id, kind) DO NOTHING RETURNING device_id)
     SELECT device_id FROM changed UNION ALL SELECT device_id FROM added`,
    [
      kind,
      ids,
      ids.map((id) => known.get(id) ?? null),
      [...lists.values()].map((each) => JSON.stringify(each)),
    ],
  );
  return rows.map((row) => String(row['device_id']));
}

/** Refusals by field and firmware. */
export function createPostgresRejects(db: Postgres, owner: PostgresOwner): RejectStore {
  return {
    ...rejectRows(postgresTables(db, owner)),

    async save(changes, other) {
      const keys = [...changes.keys()].toSorted();
      // The row of `other` is held until the end: one hub writes at a time, so that what it has read is still so.
      await db.transaction(async (query) => {
        await query(
          `INSERT INTO reject_other (one, count) VALUES (true, $1) ON CONFLICT (one) DO UPDATE SET count = reject_other.count + $1`,
          [other],
        );
        const rows = await query('SELECT key, entry FROM reject WHERE key = ANY($1::text[])', [keys]);
        const stored = new Map(rows.map(({ key, entry }) => [String(key), jsonOf(entry) as StoredReject]));
        const next = keys.map((key) => [key, changes.get(key)?.(stored.get(key))] as const);
        const kept = next.flatMap(([key, row]) => (row === undefined ? [] : [{ key, row }]));
        await query(
          `INSERT INTO reject (key, last_ms, entry) SELECT * FROM unnest($1::text[], $2::float8[], $3::text[])
           ON CONFLICT (key) DO UPDATE SET last_ms = excluded.last_ms, entry = excluded.entry`,
          [
            kept.map(({ key }) => key),
            kept.map(({ row }) => row.lastMs),
            kept.map(({ row }) => JSON.stringify(row)),
          ],
        );
        await query('DELETE FROM reject WHERE key = ANY($1::text[])', [
          next.flatMap(([key, row]) => (row === undefined ? [key] : [])),
        ]);
      });
    },
  };
}
