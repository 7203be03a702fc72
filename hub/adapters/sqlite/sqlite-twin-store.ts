import { keptTwinChanges } from '../../../schemas/api/twins/twins.ts';
import type { DesiredChange, TwinRow, TwinStore } from '../../twins/twin-store.ts';
import { twinAndDeviceOf, twinChangeColumns, twinChangeOf, twinColumns, twinOf } from '../rows/twin-rows.ts';
import type { Database } from './sqlite.ts';
import type { Statement } from './sqlite-protocol.ts';

export const twinMigrations: readonly string[] = [
  `-- Outlives its device with its revision alone: one that is added again goes on from it, because the device may hold the old one.
   CREATE TABLE twin (
     device_id TEXT PRIMARY KEY,
     rev INTEGER NOT NULL,
     changed_ms REAL NOT NULL,
     desired TEXT NOT NULL,
     reported TEXT NOT NULL,
     reported_ms REAL,
     dealt_rev INTEGER NOT NULL,
     errors TEXT NOT NULL,
     verdict_ms REAL NOT NULL
   ) STRICT;

   -- What was asked of desired, the newest of each device.
   CREATE TABLE twin_change (
     device_id TEXT NOT NULL,
     rev INTEGER NOT NULL,
     time_ms REAL NOT NULL,
     actor TEXT NOT NULL,
     origin TEXT NOT NULL,
     patch TEXT NOT NULL,
     dropped TEXT,
     PRIMARY KEY (device_id, rev)
   ) STRICT;`,
];

/** Belongs into the transaction that removes the device. */
export function forgetTwin(deviceId: string): Statement[] {
  return [
    {
      sql: `UPDATE twin SET rev = rev + 1, desired = '{}', reported = '{}', reported_ms = NULL, dealt_rev = 0, errors = '[]'
             WHERE device_id = ?1`,
      params: [deviceId],
    },
    { sql: 'DELETE FROM twin_change WHERE device_id = ?1', params: [deviceId] },
  ];
}

/** @param auditOf the audit statements of a change, which follow the one that writes it */
export function createTwinStore(
  db: Database,
  auditOf: (device: string, change: DesiredChange) => Statement[],
): TwinStore {
  return {
    async page(after, limit) {
      const rows = await db.read(
        `SELECT ${twinColumns} FROM twin WHERE device_id > ?1 AND EXISTS (SELECT 1 FROM device WHERE id = device_id)
          ORDER BY device_id LIMIT ?2`,
        [after, limit],
      );
      return rows.map(twinAndDeviceOf);
    },

    async find(device) {
      const [row] = await db.read(`SELECT ${twinColumns} FROM twin WHERE device_id = ?1`, [device]);
      return row && twinOf(row);
    },

    /** Nobody else writes this database. */
    async save(rows) {
      await db.transaction([
        upsert(rows),
        ...rows.flatMap(({ device, changes }) =>
          changes.flatMap((change) => [insertChange(device, change), ...auditOf(device, change)]),
        ),
        ...rows.flatMap(({ device, changes }) => (changes.length === 0 ? [] : [pruneChanges(device)])),
      ]);
      return [];
    },

    async history(device, limit) {
      const rows = await db.read(
        `SELECT ${twinChangeColumns} FROM twin_change WHERE device_id = ?1
          ORDER BY rev DESC LIMIT ?2`,
        [device, limit],
      );
      return rows.map(twinChangeOf);
    },
  };
}

function upsert(rows: readonly TwinRow[]): Statement {
  const given = rows.map(({ device, twin }) => ({
    device,
    ...twin,
    desired: JSON.stringify(twin.desired),
    reported: JSON.stringify(twin.reported),
    errors: JSON.stringify(twin.errors),
  }));
  return {
    sql: `INSERT INTO twin (${twinColumns})
          SELECT value ->> 'device', value ->> 'rev', value ->> 'changedMs', value ->> 'desired', value ->> 'reported',
                 value ->> 'reportedMs', value ->> 'dealtRev', value ->> 'errors', value ->> 'verdictMs'
            FROM json_each(?1)
           -- What changes while a device is removed is not kept of it.
           WHERE EXISTS (SELECT 1 FROM device WHERE id = value ->> 'device')
          ON CONFLICT (device_id) DO UPDATE SET rev = excluded.rev, changed_ms = excluded.changed_ms,
            desired = excluded.desired, reported = excluded.reported, reported_ms = excluded.reported_ms,
            dealt_rev = excluded.dealt_rev, errors = excluded.errors, verdict_ms = excluded.verdict_ms`,
    params: [JSON.stringify(given)],
  };
}

function insertChange(device: string, { rev, timeMs, requester, patch, dropped }: DesiredChange): Statement {
  return {
    sql: `INSERT INTO twin_change (device_id, rev, time_ms, actor, origin, patch, dropped)
          SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM device WHERE id = ?1)
          ON CONFLICT (device_id, rev) DO NOTHING`,
    params: [
      device,
      rev,
      timeMs,
      requester.actor,
      requester.origin,
      JSON.stringify(patch),
      dropped === undefined ? null : JSON.stringify(dropped),
    ],
  };
}

function pruneChanges(device: string): Statement {
  return {
    sql: `DELETE FROM twin_change WHERE device_id = ?1 AND rev <= (
            SELECT rev FROM twin_change WHERE device_id = ?1 ORDER BY rev DESC LIMIT 1 OFFSET ?2)`,
    params: [device, keptTwinChanges],
  };
}
