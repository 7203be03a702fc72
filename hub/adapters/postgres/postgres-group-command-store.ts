import type { Delivery } from '../../commands/journal.ts';
import type { Target } from '../../commands/group/group-command.ts';
import type { GroupCommandJournal, GroupCommandRecord } from '../../commands/group/group-command-journal.ts';
import { groupCommandBody, groupCommandRows } from '../rows/group-command-rows.ts';
import type { Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import { postgresTables } from './postgres-state-tables.ts';

/** @param isSettled whether the status of a target never changes again */
export function createPostgresGroupCommands(
  db: Postgres,
  owner: PostgresOwner,
  isSettled: (target: Target) => boolean,
): GroupCommandJournal {
  const rows = groupCommandRows(postgresTables(db, owner));
  return {
    ...rows,
    /** Also takes over group commands whose hub has ended. */
    async open() {
      const ours = await db.longQuery(
        `WITH under_way AS (
           SELECT id, hub, inc FROM group_command
            WHERE status = 'running' OR id IN (SELECT group_command FROM group_command_target WHERE NOT settled)),
         taken AS (
           UPDATE group_command g SET hub = $1, inc = $2 FROM under_way u
            WHERE g.id = u.id AND g.hub IS NOT DISTINCT FROM u.hub AND g.inc IS NOT DISTINCT FROM u.inc AND NOT EXISTS (
              SELECT 1 FROM hub h WHERE h.id = u.hub AND h.inc = u.inc AND h.state = 'up') RETURNING g.id)
         SELECT id FROM taken UNION SELECT id FROM under_way WHERE hub = $1 AND inc = $2`,
        [owner.hub, owner.incarnation],
      );
      const ids = new Set(ours.map(({ id }) => id));
      return (await rows.open()).filter(({ groupCommand }) => ids.has(groupCommand.id));
    },
    /** A late write changes nothing, because another hub runs the group command by then. */
    async save(groupCommand) {
      const { id, status, endedMs = null } = groupCommand;
      const body = groupCommandBody(groupCommand);
      const saved = await db.query(
        `UPDATE group_command SET status = $2, body = $3, ended_ms = $4, owed = $5 WHERE id = $1 AND hub = $6 AND inc = $7
           RETURNING 1 AS one`,
        [id, status, body, endedMs, status !== 'running', owner.hub, owner.incarnation],
      );
      return saved.length > 0;
    },
    accept: (record, delivery) => acceptGroupCommand(db, owner, record, delivery),
    async saveTargets(id, targets) {
      await db.query(
        `UPDATE group_command_target t SET status = g.status, reason = g.reason, settled = g.settled
           FROM unnest($2::int[], $3::text[], $4::text[], $5::boolean[]) AS g(n, status, reason, settled)
          WHERE t.group_command = $1 AND t.n = g.n
            AND EXISTS (SELECT 1 FROM group_command c WHERE c.id = $1 AND c.hub = $6 AND c.inc = $7 FOR SHARE)`,
        [
          id,
          targets.map(({ index }) => index),
          targets.map(({ target }) => target.status),
          targets.map(({ target }) => target.reason ?? null),
          targets.map(({ target }) => isSettled(target)),
          owner.hub,
          owner.incarnation,
        ],
      );
    },
    async prune(endedBeforeMs) {
      await db.longQuery(
        `WITH gone AS (
           DELETE FROM group_command WHERE ended_ms < $1 AND NOT owed
              AND id NOT IN (SELECT group_command FROM group_command_target WHERE NOT settled) RETURNING id)
         DELETE FROM group_command_target USING gone WHERE group_command = gone.id`,
        [endedBeforeMs],
      );
    },
  };
}

async function acceptGroupCommand(
  db: Postgres,
  { hub, incarnation }: PostgresOwner,
  { groupCommand, targets }: GroupCommandRecord,
  delivery: Delivery | undefined,
): Promise<boolean> {
  const rows = await db.longQuery(
    `WITH added AS (
       INSERT INTO group_command (id, status, owed, body, answer_correlation, hub, inc) VALUES ($1, $2, false, $3, $4, $9, $10)
       ON CONFLICT DO NOTHING RETURNING id),
     targeted AS (
       INSERT INTO group_command_target (group_command, n, device, status, settled)
       SELECT added.id, t.n - 1, t.device, t.status, false
         FROM added, unnest($5::text[], $6::text[]) WITH ORDINALITY AS t(device, status, n)),
     delivered AS (
       INSERT INTO command_delivery (key, expires_ms) SELECT $7, $8 WHERE $7::text IS NOT NULL
       ON CONFLICT (key) DO UPDATE SET expires_ms = excluded.expires_ms)
     SELECT id FROM added`,
    [
      groupCommand.id,
      groupCommand.status,
      groupCommandBody(groupCommand),
      groupCommand.answerTo?.correlation ?? null,
      targets.map(({ device }) => device),
      targets.map(({ status }) => status),
      delivery?.key ?? null,
      delivery?.expiresMs ?? null,
      hub,
      incarnation,
    ],
  );
  return rows.length === 1;
}
