import type { PresenceStore } from '../../presence/presence-store.ts';
import { presenceOf } from '../rows/presence-rows.ts';
import type { Database } from './sqlite.ts';

/** The last presence of every device, from which a restarted hub continues. All methods reject with `database-failed`. */
export function createPresenceStore(db: Database): PresenceStore {
  return {
    async loadPresence(ids) {
      const rows = await db.read(
        `SELECT device_id, state, reason, since_ms, epoch, n, until_ms, pong_ms, frame_ms, data_ms,
                heartbeat_ms, grace_ms, last_session FROM presence
          WHERE ?1 IS NULL OR device_id IN (SELECT value FROM json_each(?1))`,
        [ids === undefined ? null : JSON.stringify(ids)],
      );
      return rows.map(presenceOf);
    },

    async savePresence(rows) {
      if (rows.length === 0) return new Set();
      const [saved] = await db.transaction([
        {
          sql: `INSERT INTO presence (device_id, state, reason, since_ms, epoch, n, until_ms, pong_ms, frame_ms,
                  data_ms, heartbeat_ms, grace_ms, last_session)
                SELECT value ->> 'deviceId', value ->> 'state', value ->> 'reason', value ->> 'sinceMs',
                       value ->> 'epoch', value ->> 'n', value ->> 'untilMs', value ->> '$.marks.pongMs',
                       value ->> '$.marks.frameMs', value ->> '$.marks.dataMs',
                       value ->> '$.timing.heartbeatMs', value ->> '$.timing.graceMs',
                       value -> '$.session'
                  FROM json_each(?1)
                 -- What changes while a device is removed is not kept of it.
                 WHERE EXISTS (SELECT 1 FROM device WHERE id = value ->> 'deviceId')
                ON CONFLICT (device_id) DO UPDATE SET state = excluded.state, reason = excluded.reason,
                  since_ms = excluded.since_ms, epoch = excluded.epoch, n = excluded.n,
                  until_ms = excluded.until_ms, pong_ms = excluded.pong_ms, frame_ms = excluded.frame_ms,
                  data_ms = excluded.data_ms, heartbeat_ms = excluded.heartbeat_ms,
                  grace_ms = excluded.grace_ms, last_session = excluded.last_session
                RETURNING device_id`,
          params: [JSON.stringify(rows)],
        },
      ]);
      return new Set(saved?.map((row) => String(row['device_id'])));
    },
  };
}
