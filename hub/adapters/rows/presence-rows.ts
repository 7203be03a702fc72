import type { LastSession } from '../../presence/last-session.ts';
import type { PresenceRow } from '../../presence/presence-store.ts';
import { jsonOf, optional, type Row } from './row.ts';

export function presenceOf(row: Row): PresenceRow {
  const { heartbeat_ms: heartbeatMs, last_session: session } = row;
  return {
    deviceId: String(row['device_id']),
    state: String(row['state']) as PresenceRow['state'],
    reason: String(row['reason']) as PresenceRow['reason'],
    sinceMs: Number(row['since_ms']),
    epoch: Number(row['epoch']),
    n: Number(row['n']),
    ...optional('untilMs', row['until_ms']),
    marks: {
      ...optional('pongMs', row['pong_ms']),
      ...optional('frameMs', row['frame_ms']),
      ...optional('dataMs', row['data_ms']),
    },
    ...(typeof heartbeatMs === 'number' ? { timing: { heartbeatMs, graceMs: Number(row['grace_ms']) } } : {}),
    ...(typeof session === 'string' ? { session: jsonOf(session) as LastSession } : {}),
  };
}
