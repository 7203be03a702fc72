import type { LastSession } from '../../presence/last-session.ts';
import type { PresenceRow, PresenceStore } from '../../presence/presence-keeper.ts';
import type { Database } from './sqlite.ts';
import type { Row } from './sqlite-protocol.ts';

/** The last presence of every device, so that a restarted hub continues from it. All reject with `database-failed`. */
export function createPresenceStore(db: Database): PresenceStore {
  return {
    async loadPresence() {
      const rows = await db.read(
        `SELECT device_id, state, reason, since_ms, epoch, n, until_ms, pong_ms, frame_ms, data_ms,
                heartbeat_ms, grace_ms, last_session FROM presence`,
      );
      return rows.map(toPresence);
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

function toPresence(row: Row): PresenceRow {
  const optional = <Name extends string>(name: Name, column: string): Partial<Record<Name, number>> => {
    const value = row[column];
    return typeof value === 'number' ? ({ [name]: value } as Record<Name, number>) : {};
  };
  const heartbeatMs = row['heartbeat_ms'];
  const session = row['last_session'];
  return {
    deviceId: String(row['device_id']),
    state: String(row['state']) as PresenceRow['state'],
    reason: String(row['reason']) as PresenceRow['reason'],
    sinceMs: Number(row['since_ms']),
    epoch: Number(row['epoch']),
    n: Number(row['n']),
    ...optional('untilMs', 'until_ms'),
    marks: {
      ...optional('pongMs', 'pong_ms'),
      ...optional('frameMs', 'frame_ms'),
      ...optional('dataMs', 'data_ms'),
    },
    ...(typeof heartbeatMs === 'number' ? { timing: { heartbeatMs, graceMs: Number(row['grace_ms']) } } : {}),
    ...(typeof session === 'string' ? { session: JSON.parse(session) as LastSession } : {}),
  };
}
