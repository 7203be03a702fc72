import type { Group } from '../../../schemas/api/group-commands.ts';
import type { TargetStatus } from '../../../schemas/command-status.ts';
import type { Delivery } from '../../commands/journal.ts';
import type { GroupCommand, Target } from '../../commands/group/group-command.ts';
import type { GroupCommandJournal, GroupCommandRecord } from '../../commands/group/group-command-journal.ts';
import type { PgRow, Postgres } from './postgres.ts';

const columns = 'id, body, answer_correlation';

/** @param isSettled whether the status of a target never changes again */
export function createPostgresGroupCommands(
  db: Postgres,
  isSettled: (target: Target) => boolean,
): GroupCommandJournal {
  async function withTargets(rows: readonly PgRow[]): Promise<GroupCommandRecord[]> {
    const sql = 'SELECT device, status, reason FROM group_command_target WHERE group_command = $1 ORDER BY n';
    const records: GroupCommandRecord[] = [];
    for (const row of rows) {
      const targets = await db.longQuery(sql, [String(row['id'])]);
      records.push({ groupCommand: groupCommandOf(row), targets: targets.map(targetOf) });
    }
    return records;
  }

  return {
    open: async () =>
      withTargets(
        await db.query(
          `SELECT ${columns} FROM group_command WHERE status = 'running'
             OR id IN (SELECT group_command FROM group_command_target WHERE NOT settled) ORDER BY seq`,
        ),
      ),
    unanswered: async () =>
      withTargets(await db.query(`SELECT ${columns} FROM group_command WHERE owed ORDER BY seq`)),
    async find(id) {
      const rows = await db.query(`SELECT ${columns} FROM group_command WHERE id = $1`, [id]);
      return (await withTargets(rows))[0];
    },
    async list(limit) {
      const sql = `SELECT ${columns} FROM group_command ORDER BY seq DESC LIMIT $1`;
      return (await db.query(sql, [limit])).map(groupCommandOf);
    },
    accept: (record, delivery) => acceptGroupCommand(db, record, delivery),
    async save(groupCommand) {
      const { id, status, endedMs = null } = groupCommand;
      await db.query(
        'UPDATE group_command SET status = $2, body = $3, ended_ms = $4, owed = $5 WHERE id = $1',
        [id, status, bodyOf(groupCommand), endedMs, status !== 'running'],
      );
    },
    async saveTargets(id, targets) {
      await db.query(
        `UPDATE group_command_target t SET status = g.status, reason = g.reason, settled = g.settled
           FROM unnest($2::int[], $3::text[], $4::text[], $5::boolean[]) AS g(n, status, reason, settled)
          WHERE t.group_command = $1 AND t.n = g.n`,
        [
          id,
          targets.map(({ index }) => index),
          targets.map(({ target }) => target.status),
          targets.map(({ target }) => target.reason ?? null),
          targets.map(({ target }) => isSettled(target)),
        ],
      );
    },
    async answered(id) {
      await db.query('UPDATE group_command SET owed = false WHERE id = $1', [id]);
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
    ...groupStore(db),
  };
}

async function acceptGroupCommand(
  db: Postgres,
  { groupCommand, targets }: GroupCommandRecord,
  delivery: Delivery | undefined,
): Promise<boolean> {
  const rows = await db.longQuery(
    `WITH added AS (
       INSERT INTO group_command (id, status, owed, body, answer_correlation) VALUES ($1, $2, false, $3, $4)
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
      bodyOf(groupCommand),
      groupCommand.answerTo?.correlation ?? null,
      targets.map(({ device }) => device),
      targets.map(({ status }) => status),
      delivery?.key ?? null,
      delivery?.expiresMs ?? null,
    ],
  );
  return rows.length === 1;
}

function groupStore(db: Postgres): Pick<GroupCommandJournal, 'groups' | 'setGroup' | 'removeGroup'> {
  return {
    async groups() {
      const rows = await db.query('SELECT name, selector FROM device_group ORDER BY name');
      return rows.map((row): Group => ({ name: String(row['name']), selector: String(row['selector']) }));
    },
    async setGroup({ name, selector }) {
      await db.query(
        'INSERT INTO device_group (name, selector) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET selector = excluded.selector',
        [name, selector],
      );
    },
    async removeGroup(name) {
      const gone = await db.query('DELETE FROM device_group WHERE name = $1 RETURNING name', [name]);
      return gone.length === 1;
    },
  };
}

/** The correlation data are bytes, which JSON cannot hold: they have a column of their own. */
function bodyOf({ answerTo, ...groupCommand }: GroupCommand): string {
  return JSON.stringify(
    answerTo === undefined ? groupCommand : { ...groupCommand, answerTo: { topic: answerTo.topic } },
  );
}

function groupCommandOf(row: PgRow): GroupCommand {
  // Written by `accept` and `save` above, and by nothing else.
  const groupCommand = JSON.parse(String(row['body'])) as GroupCommand;
  const correlation = row['answer_correlation'];
  if (groupCommand.answerTo === undefined || !(correlation instanceof Uint8Array)) return groupCommand;
  return { ...groupCommand, answerTo: { topic: groupCommand.answerTo.topic, correlation } };
}

export function targetOf(row: PgRow): Target {
  const reason = row['reason'];
  return {
    device: String(row['device']),
    status: String(row['status']) as TargetStatus,
    reason: typeof reason === 'string' ? reason : undefined,
  };
}
