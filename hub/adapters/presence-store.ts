import type { PresenceRow, PresenceStore } from '../devices/presence-keeper.ts';
import type { Database } from './sqlite.ts';

/** The last presence of every device, so that a restarted hub goes on from it. All reject with `database-failed`. */
export function createPresenceStore(db: Database): PresenceStore {
  return {
    async loadPresence() {
      const rows = await db.read(
        'SELECT device_id, state, reason, since_ms, epoch, n, until_ms FROM presence',
      );
      return rows.map((row) => ({
        deviceId: String(row['device_id']),
        state: String(row['state']) as PresenceRow['state'],
        reason: String(row['reason']) as PresenceRow['reason'],
        sinceMs: Number(row['since_ms']),
        epoch: Number(row['epoch']),
        n: Number(row['n']),
        ...(row['until_ms'] === null ? {} : { untilMs: Number(row['until_ms']) }),
      }));
    },

    async savePresence(rows) {
      if (rows.length === 0) return;
      await db.transaction([
        {
          sql: `INSERT INTO presence (device_id, state, reason, since_ms, epoch, n, until_ms)
                SELECT value ->> 'deviceId', value ->> 'state', value ->> 'reason', value ->> 'sinceMs',
                       value ->> 'epoch', value ->> 'n', value ->> 'untilMs'
                  FROM json_each(?1)
                 WHERE true
                ON CONFLICT (device_id) DO UPDATE SET state = excluded.state, reason = excluded.reason,
                  since_ms = excluded.since_ms, epoch = excluded.epoch, n = excluded.n,
                  until_ms = excluded.until_ms`,
          params: [JSON.stringify(rows)],
        },
      ]);
    },

    async removePresence(deviceId) {
      await db.transaction([{ sql: 'DELETE FROM presence WHERE device_id = ?1', params: [deviceId] }]);
    },
  };
}
