import { keptTwinChanges } from '../../../schemas/api/twins/twins.ts';
import type { AuditEntry } from '../../audit/audit.ts';
import type { DesiredChange, TwinRow, TwinStore } from '../../twins/twin-store.ts';
import type { GroupTwinStore } from '../../twins/group/group-twin-store.ts';
import { groupTwinRows } from '../rows/group-twin-rows.ts';
import { targetColumns } from '../rows/targets.ts';
import { twinAndDeviceOf, twinChangeColumns, twinChangeOf, twinColumns, twinOf } from '../rows/twin-rows.ts';
import type { Postgres } from './postgres.ts';
import { auditColumns, type PostgresAuditRoom } from './postgres-audit-store.ts';
import { registeredAmong } from './postgres-device-store.ts';
import { leadsIn, type PostgresOwner } from './postgres-owner.ts';
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

/**
 * Saves each twin, unless it has changed since it was read. Rows are locked in the order of their devices, so that hubs never wait
 * for each other in a circle.
 */
const saving = `
  WITH registered AS (${registeredAmong('$1')}),
  given AS (
    SELECT g.* FROM unnest($1::text[], $2::bigint[], $3::float8[], $4::text[], $5::text[], $6::float8[], $7::bigint[],
                           $8::text[], $9::float8[], $10::bigint[], $11::bigint[], $12::float8[], $13::float8[])
      AS g(${twinColumns}, from_rev, from_dealt, from_reported, from_verdict)
      JOIN registered ON registered.id = g.device_id),
  held AS (
    SELECT g.* FROM given g JOIN twin t ON t.device_id = g.device_id AND ${isAsRead('t', 'g')}
     ORDER BY g.device_id FOR UPDATE OF t),
  added AS (
    INSERT INTO twin (${twinColumns}) SELECT ${twinColumns} FROM given WHERE from_rev IS NULL ORDER BY device_id
    ON CONFLICT (device_id) DO NOTHING RETURNING device_id),
  replaced AS (
    UPDATE twin t SET rev = h.rev, changed_ms = h.changed_ms, desired = h.desired, reported = h.reported,
           reported_ms = h.reported_ms, dealt_rev = h.dealt_rev, errors = h.errors, verdict_ms = h.verdict_ms
      FROM held h WHERE t.device_id = h.device_id AND ${isAsRead('t', 'h')}
    RETURNING t.device_id),
  saved AS (SELECT device_id FROM added UNION ALL SELECT device_id FROM replaced),
  asked AS (
    SELECT c.* FROM unnest($14::text[], $15::bigint[], $16::float8[], $17::text[], $18::text[], $19::text[], $20::text[],
                           $21::float8[], $22::text[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[])
      WITH ORDINALITY AS c(device_id, rev, time_ms, actor, origin, patch, dropped,
                           a_time, a_actor, a_origin, a_action, a_subject, a_outcome, a_details, at)
      JOIN saved ON saved.device_id = c.device_id),
  changed AS (
    INSERT INTO twin_change (device_id, rev, time_ms, actor, origin, patch, dropped)
    SELECT device_id, rev, time_ms, actor, origin, patch, dropped FROM asked ON CONFLICT DO NOTHING
    RETURNING device_id, rev),
  audited AS (
    INSERT INTO audit (time_ms, actor, origin, action, subject, outcome, details)
    SELECT a_time, a_actor, a_origin, a_action, a_subject, a_outcome, a_details
      FROM asked JOIN changed USING (device_id, rev) ORDER BY at)
  SELECT id FROM registered WHERE id NOT IN (SELECT device_id FROM saved)`;

/** A report leaves the revision as it is, so that what it does change is compared as well. */
function isAsRead(stored: string, given: string): string {
  return `${stored}.rev = ${given}.from_rev AND ${stored}.dealt_rev = ${given}.from_dealt
    AND ${stored}.reported_ms IS NOT DISTINCT FROM ${given}.from_reported AND ${stored}.verdict_ms = ${given}.from_verdict`;
}

async function saveTwins(
  db: Postgres,
  given: readonly TwinRow[],
  room: PostgresAuditRoom,
  entryOf: (device: string, change: DesiredChange) => AuditEntry,
): Promise<readonly string[]> {
  const rows = given.toSorted((a, b) => (a.device < b.device ? -1 : 1));
  const changes = rows.flatMap((row) => row.changes.map((change) => ({ device: row.device, change })));
  const found = await db.query(saving, [
    rows.map(({ device }) => device),
    rows.map(({ twin }) => twin.rev),
    rows.map(({ twin }) => twin.changedMs),
    rows.map(({ twin }) => JSON.stringify(twin.desired)),
    rows.map(({ twin }) => JSON.stringify(twin.reported)),
    rows.map(({ twin }) => twin.reportedMs ?? null),
    rows.map(({ twin }) => twin.dealtRev),
    rows.map(({ twin }) => JSON.stringify(twin.errors)),
    rows.map(({ twin }) => twin.verdictMs),
    rows.map(({ from }) => from?.rev ?? null),
    rows.map(({ from }) => from?.dealtRev ?? null),
    rows.map(({ from }) => from?.reportedMs ?? null),
    rows.map(({ from }) => from?.verdictMs ?? null),
    changes.map(({ device }) => device),
    changes.map(({ change }) => change.rev),
    changes.map(({ change }) => change.timeMs),
    changes.map(({ change }) => change.requester.actor),
    changes.map(({ change }) => change.requester.origin),
    changes.map(({ change }) => JSON.stringify(change.patch)),
    changes.map(({ change }) => (change.dropped === undefined ? null : JSON.stringify(change.dropped))),
    ...auditColumns(changes.map(({ device, change }) => entryOf(device, change))),
  ]);
  const left = found.map(({ id }) => String(id));
  const kept = changes.filter(({ device }) => !left.includes(device));
  if (kept.length === 0) return left;
  await db.query(
    `DELETE FROM twin_change t USING unnest($1::text[]) AS g(device_id)
          WHERE t.device_id = g.device_id AND t.rev <= (
            SELECT x.rev FROM twin_change x WHERE x.device_id = g.device_id ORDER BY x.rev DESC OFFSET $2 LIMIT 1)`,
    [[...new Set(kept.map(({ device }) => device))], keptTwinChanges],
  );
  await room.noted(kept.length);
  return left;
}

/** One change of desired for many devices. */
/** The leader alone writes them. */
export function createPostgresGroupTwins(db: Postgres, owner: PostgresOwner): GroupTwinStore {
  const leads = leadsIn(owner);
  return {
    ...groupTwinRows(postgresTables(db, owner)),

    async accept({ groupTwin, targets }) {
      const rows = await db.longQuery(
        `WITH added AS (
           INSERT INTO group_twin (id, status, body) SELECT $1, $2, $3 WHERE ${leads} ON CONFLICT DO NOTHING RETURNING id),
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

    async save(groupTwin, targets = []) {
      const { id, status, endedMs = null } = groupTwin;
      await db.longQuery(
        `WITH saved AS (
           UPDATE group_twin SET status = $2, body = $3, ended_ms = $4 WHERE id = $1 AND ${leads} RETURNING id)
         UPDATE group_twin_target t SET status = g.status, reason = g.reason
           FROM saved, unnest($5::int[], $6::text[], $7::text[]) AS g(n, status, reason)
          WHERE t.group_twin = saved.id AND t.n = g.n`,
        [id, status, JSON.stringify(groupTwin), endedMs, ...targetColumns(targets)],
      );
    },

    async saveTargets(id, targets) {
      await db.query(
        `UPDATE group_twin_target t SET status = g.status, reason = g.reason
           FROM unnest($2::int[], $3::text[], $4::text[]) AS g(n, status, reason)
          WHERE t.group_twin = $1 AND t.n = g.n AND ${leads}`,
        [id, ...targetColumns(targets)],
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
