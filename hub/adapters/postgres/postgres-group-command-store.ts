import type { Delivery } from '../../commands/journal.ts';
import type { Target } from '../../commands/group/group-command.ts';
import type { GroupCommandJournal, GroupCommandRecord } from '../../commands/group/group-command-journal.ts';
import { groupCommandBody, groupCommandRows } from '../rows/group-command-rows.ts';
import { targetColumns } from '../rows/targets.ts';
import type { Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import { postgresTables } from './postgres-state-tables.ts';

const underWay = `status = 'running' OR id IN (SELECT group_command FROM group_command_target WHERE NOT settled)`;

/** @param isSettled whether the status of a target never changes again */
export function createPostgresGroupCommands(
  db: Postgres,
  owner: PostgresOwner,
  isSettled: (target: Target) => boolean,
): GroupCommandJournal {
  const rows = groupCommandRows(postgresTables(db, owner));
  /**
   * Takes over those whose hub has ended, and leaves out those that another hub runs. They are read afterwards, when nobody
   * else changes them any more.
   */
  async function ours(
    where: string,
    read: () => Promise<GroupCommandRecord[]>,
  ): Promise<GroupCommandRecord[]> {
    const kept = await db.longQuery(
      `WITH wanted AS (SELECT id, hub, inc FROM group_command WHERE ${where}),
       taken AS (
         UPDATE group_command g SET hub = $1, inc = $2 FROM wanted w
          WHERE g.id = w.id AND g.hub IS NOT DISTINCT FROM w.hub AND g.inc IS NOT DISTINCT FROM w.inc AND NOT EXISTS (
            SELECT 1 FROM hub h WHERE h.id = w.hub AND h.inc = w.inc AND h.state = 'up') RETURNING g.id)
       SELECT id FROM taken UNION SELECT id FROM wanted WHERE hub = $1 AND inc = $2`,
      [owner.hub, owner.incarnation],
    );
    const ids = new Set(kept.map(({ id }) => id));
    return (await read()).filter(({ groupCommand }) => ids.has(groupCommand.id));
  }
  return {
    ...rows,
    open: () => ours(underWay, rows.open),
    unanswered: () => ours('owed', rows.unanswered),
    /** A late write changes nothing, because another hub runs the group command by then. */
    async save(groupCommand, targets = []) {
      const { id, status, endedMs = null } = groupCommand;
      const body = groupCommandBody(groupCommand);
      const saved = await db.longQuery(
        `WITH saved AS (
           UPDATE group_command SET status = $2, body = $3, ended_ms = $4, owed = $5
            WHERE id = $1 AND hub = $6 AND inc = $7
              AND (status = 'running' OR (status = $2 AND ended_ms = $4)) RETURNING id),
         moved AS (
           UPDATE group_command_target t SET status = g.status, reason = g.reason, settled = g.settled
             FROM saved, unnest($8::int[], $9::text[], $10::text[], $11::boolean[]) AS g(n, status, reason, settled)
            WHERE t.group_command = saved.id AND t.n = g.n)
         SELECT id FROM saved`,
        [
          id,
          status,
          body,
          endedMs,
          status !== 'running',
          owner.hub,
          owner.incarnation,
          ...targetColumns(targets),
          targets.map(({ target }) => isSettled(target)),
        ],
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
          ...targetColumns(targets),
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
