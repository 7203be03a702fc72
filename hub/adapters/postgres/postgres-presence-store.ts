import type { PresenceStore } from '../../presence/presence-store.ts';
import { presenceOf } from '../rows/presence-rows.ts';
import type { Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';

/** Marks the row of a removed device: a statement that waited for the row during the removal still sees the device itself. */
export const removedReason = 'removed';

/**
 * The last presence of every device. A row is written only while its device is registered, belongs to no other hub, and has
 * had no newer session.
 */
export function createPostgresPresence(db: Postgres, { hub, incarnation }: PostgresOwner): PresenceStore {
  return {
    async loadPresence(ids, whose = 'ours') {
      const those = whose === 'ours' ? 'hub = $2 AND inc = $3' : 'hub IS NULL';
      const rows = await db.longQuery(
        `SELECT device_id, state, reason, since_ms, epoch, n, until_ms, pong_ms, frame_ms, data_ms, heartbeat_ms, grace_ms,
                last_session
           FROM device_state WHERE state IS NOT NULL ${ids === undefined ? '' : `AND device_id = ANY($1::text[]) AND ${those}`} ORDER BY device_id`,
        ids === undefined ? [] : whose === 'ours' ? [ids, hub, incarnation] : [ids],
      );
      return rows.map(presenceOf);
    },

    async savePresence(given) {
      if (given.length === 0) return new Set();
      // The last row of a device is its present state. Rows are in the order of ids, so that hubs never wait in a circle.
      const newest = new Map(given.map((row) => [row.deviceId, row]));
      const rows = [...newest.values()].toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
      const saved = await db.query(
        `WITH given AS (
           SELECT * FROM unnest($3::text[], $4::text[], $5::text[], $6::float8[], $7::bigint[], $8::bigint[], $9::float8[],
                                $10::float8[], $11::float8[], $12::float8[], $13::float8[], $14::float8[], $15::text[])
             AS g(id, state, reason, since_ms, epoch, n, until_ms, pong_ms, frame_ms, data_ms, heartbeat_ms, grace_ms, last_session)),
         locked AS (
           SELECT s.device_id FROM device_state s JOIN given g ON g.id = s.device_id AND g.epoch = s.epoch
            WHERE ((s.hub = $1 AND s.inc = $2) OR s.hub IS NULL) AND s.reason IS DISTINCT FROM '${removedReason}' AND EXISTS (SELECT 1 FROM device d WHERE d.id = s.device_id)
            ORDER BY s.device_id FOR UPDATE OF s)
         UPDATE device_state s SET hub = $1, inc = $2, state = g.state, reason = g.reason, since_ms = g.since_ms, n = g.n,
             until_ms = g.until_ms, pong_ms = g.pong_ms, frame_ms = g.frame_ms, data_ms = g.data_ms,
             heartbeat_ms = g.heartbeat_ms, grace_ms = g.grace_ms, last_session = g.last_session
           FROM given g, locked WHERE s.device_id = g.id AND locked.device_id = g.id
         RETURNING s.device_id`,
        [
          hub,
          incarnation,
          rows.map(({ deviceId }) => deviceId),
          rows.map(({ state }) => state),
          rows.map(({ reason }) => reason),
          rows.map(({ sinceMs }) => sinceMs),
          rows.map(({ epoch }) => epoch),
          rows.map(({ n }) => n),
          rows.map(({ untilMs = null }) => untilMs),
          rows.map(({ marks: { pongMs = null } }) => pongMs),
          rows.map(({ marks: { frameMs = null } }) => frameMs),
          rows.map(({ marks: { dataMs = null } }) => dataMs),
          rows.map(({ timing }) => timing?.heartbeatMs ?? null),
          rows.map(({ timing }) => timing?.graceMs ?? null),
          rows.map(({ session }) => (session === undefined ? null : JSON.stringify(session))),
        ],
      );
      return new Set(saved.map((row) => String(row['device_id'])));
    },
  };
}
