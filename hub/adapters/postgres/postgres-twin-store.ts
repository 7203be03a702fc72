import { keptTwinChanges } from '../../../schemas/api/twins/twins.ts';
import type { AuditEntry } from '../../audit/audit.ts';
import type { DesiredChange, TwinRow, TwinStore } from '../../twins/twin-store.ts';
import type { GroupTwinStore } from '../../twins/group/group-twin-store.ts';
import { groupTwinRows } from '../rows/group-twin-rows.ts';
import { twinAndDeviceOf, twinChangeColumns, twinChangeOf, twinColumns, twinOf } from '../rows/twin-rows.ts';
import type { Postgres } from './postgres.ts';
import { auditColumns, type PostgresAuditRoom } from './postgres-audit-store.ts';
import { registeredAmong } from './postgres-device-store.ts';
import { postgresTables } from './postgres-state-tables.ts';

/** @param entryOf makes the audit entry that is written together with a change of desired */
export function createPostgresTwins(
  db: Postgres,
  room: PostgresAuditRoom,
  entryOf: (device: string, change: DesiredChange) => AuditEntry,
): TwinStore {
  return {
    async page(after, limit) {
      const rows = await db.longQuery(
        `SELECT ${twinColumns} FROM twin WHERE device_id > $1 COLLATE "C" AND EXISTS (SELECT 1 FROM device WHERE id = device_id)
          ORDER BY device_id LIMIT $2`,
        [after, limit],
      );
      return rows.map(twinAndDeviceOf);
    },

    async find(device) {
      const [row] = await db.query(`SELECT ${twinColumns} FROM twin WHERE device_id = $1`, [device]);
      return row && twinOf(row);
    },

    save: (rows) => saveTwins(db, rows, room, entryOf),

    async history(device, limit) {
      const rows = await db.query(
        `SELECT ${twinChangeColumns} FROM twin_change WHERE device_id = $1 ORDER BY rev DESC LIMIT $2`,
        [device, limit],
      );
      return rows.map(twinChangeOf);
    },
  };
}

async function saveTwins(
  db: Postgres,
  given: readonly TwinRow[],
  room: PostgresAuditRoom,
  entryOf: (device: string, change: DesiredChange) => AuditEntry,
): Promise<void> {
  const rows = given.toSorted((a, b) => (a.device < b.device ? -1 : 1));
  const changes = rows.flatMap((row) => row.changes.map((change) => ({ device: row.device, change })));
  await db.query(
    `WITH registered AS (${registeredAmong('$1')}),
         given AS (
           SELECT g.* FROM unnest($1::text[], $2::bigint[], $3::float8[], $4::text[], $5::text[], $6::float8[], $7::bigint[],
                                  $8::text[], $9::float8[])
             AS g(${twinColumns})
             JOIN registered ON registered.id = g.device_id),
         twins AS (
           INSERT INTO twin (${twinColumns}) SELECT ${twinColumns} FROM given
           ON CONFLICT (device_id) DO UPDATE SET rev = excluded.rev, changed_ms = excluded.changed_ms,
             desired = excluded.desired, reported = excluded.reported, reported_ms = excluded.reported_ms,
             dealt_rev = excluded.dealt_rev, errors = excluded.errors, verdict_ms = excluded.verdict_ms),
         asked AS (
           SELECT c.* FROM unnest($10::text[], $11::bigint[], $12::float8[], $13::text[], $14::text[], $15::text[], $16::text[],
                                  $17::float8[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[])
             WITH ORDINALITY AS c(device_id, rev, time_ms, actor, origin, patch, dropped,
                                  a_time, a_actor, a_origin, a_action, a_subject, a_outcome, a_details, at)
             JOIN registered ON registered.id = c.device_id),
         changed AS (
           INSERT INTO twin_change (device_id, rev, time_ms, actor, origin, patch, dropped)
           SELECT device_id, rev, time_ms, actor, origin, patch, dropped FROM asked ON CONFLICT DO NOTHING
           RETURNING device_id, rev)
         INSERT INTO audit (time_ms, actor, origin, action, subject, outcome, details)
         SELECT a_time, a_actor, a_origin, a_action, a_subject, a_outcome, a_details
           FROM asked JOIN changed USING (device_id, rev) ORDER BY at`,
    [
      rows.map(({ device }) => device),
      rows.map(({ twin }) => twin.rev),
      rows.map(({ twin }) => twin.changedMs),
      rows.map(({ twin }) => JSON.stringify(twin.desired)),
      rows.map(({ twin }) => JSON.stringify(twin.reported)),
      rows.map(({ twin }) => twin.reportedMs ?? null),
      rows.map(({ twin }) => twin.dealtRev),
      rows.map(({ twin }) => JSON.stringify(twin.errors)),
      rows.map(({ twin }) => twin.verdictMs),
      changes.map(({ device }) => device),
      changes.map(({ change }) => change.rev),
      changes.map(({ change }) => change.timeMs),
      changes.map(({ change }) => change.requester.actor),
      changes.map(({ change }) => change.requester.origin),
      changes.map(({ change }) => JSON.stringify(change.patch)),
      changes.map(({ change }) => (change.dropped === undefined ? null : JSON.stringify(change.dropped))),
      ...auditColumns(changes.map(({ device, change }) => entryOf(device, change))),
    ],
  );
  if (changes.length === 0) return;
  await db.query(
    `DELETE FROM twin_change t USING unnest($1::text[]) AS g(device_id)
          WHERE t.device_id = g.device_id AND t.rev <= (
            SELECT x.rev FROM twin_change x WHERE x.device_id = g.device_id ORDER BY x.rev DESC OFFSET $2 LIMIT 1)`,
    [[...new Set(changes.map(({ device }) => device))], keptTwinChanges],
  );
  await room.noted(changes.length);
}

/** One change of desired for many devices. */
export function createPostgresGroupTwins(db: Postgres): GroupTwinStore {
  return {
    ...groupTwinRows(postgresTables(db)),

    async accept({ groupTwin, targets }) {
      const rows = await db.longQuery(
        `WITH added AS (
           INSERT INTO group_twin (id, status, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id),
         targeted AS (
           INSERT INTO group_twin_target (group_twin, n, device, status)
           SELECT added.id, t.n - 1, t.device, t.status
             FROM added, unnest($4::text[], $5::text[]) WITH ORDINALITY AS t(device, status, n))
         SELECT id FROM added`,
        [
          groupTwin.id,
          groupTwin.status,
          JSON.stringify(groupTwin),
          targets.map(({ device }) => device),
          targets.map(({ status }) => status),
        ],
      );
      return rows.length === 1;
    },

    async saveTargets(id, targets) {
      await db.query(
        `UPDATE group_twin_target t SET status = g.status, reason = g.reason
           FROM unnest($2::int[], $3::text[], $4::text[]) AS g(n, status, reason) WHERE t.group_twin = $1 AND t.n = g.n`,
        [
          id,
          targets.map(({ index }) => index),
          targets.map(({ target }) => target.status),
          targets.map(({ target }) => target.reason ?? null),
        ],
      );
    },

    async prune(endedBeforeMs) {
      await db.longQuery(
        `WITH gone AS (DELETE FROM group_twin WHERE ended_ms < $1 RETURNING id)
         DELETE FROM group_twin_target USING gone WHERE group_twin = gone.id`,
        [endedBeforeMs],
      );
    },
  };
}
