import type { Group } from '../../../schemas/api/group-commands.ts';
import type { TargetStatus } from '../../../schemas/command-status.ts';
import type { Delivery } from '../../commands/journal.ts';
import type { GroupCommandJournal, GroupCommandRecord } from '../../commands/group/group-command-journal.ts';
import type { GroupCommand, Target } from '../../commands/group/group-command.ts';
import type { Database } from './sqlite.ts';
import type { Row, Statement } from './sqlite-protocol.ts';

/** Group commands in the state database; `command_delivery` is the command journal's. */
export const groupCommandMigrations: readonly string[] = [
  `CREATE TABLE device_group (
     name TEXT PRIMARY KEY,
     selector TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE rollout (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     status TEXT NOT NULL,
     owed INTEGER NOT NULL,
     ended_ms REAL,
     body TEXT NOT NULL,
     answer_correlation BLOB
   ) STRICT;
   CREATE TABLE rollout_target (
     rollout TEXT NOT NULL,
     n INTEGER NOT NULL,
     device TEXT NOT NULL,
     status TEXT NOT NULL,
     reason TEXT,
     settled INTEGER NOT NULL,
     PRIMARY KEY (rollout, n)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX rollout_target_open ON rollout_target (rollout) WHERE settled = 0;`,
];

/** As `commandRequesterMigrations` of the commands. */
export const groupCommandRequesterMigrations: readonly string[] = [
  `UPDATE rollout SET body = json_set(json_remove(body, '$.origin'), '$.requester', json_object(
       'actor', body ->> '$.origin.actor',
       'origin', replace(body ->> '$.origin.door', 'socket', 'cli')));`,
];

/** A command to many devices is a group command; a rollout is something else. */
export const groupCommandNameMigrations: readonly string[] = [
  `ALTER TABLE rollout RENAME TO group_command;
   ALTER TABLE rollout_target RENAME TO group_command_target;
   ALTER TABLE group_command_target RENAME COLUMN rollout TO group_command;
   DROP INDEX rollout_target_open;
   CREATE INDEX group_command_target_open ON group_command_target (group_command) WHERE settled = 0;`,
];

const columns = 'id, body, answer_correlation';

/** @param isSettled whether the status of a target never changes again */
export function createGroupCommandStore(
  database: Database,
  isSettled: (target: Target) => boolean,
): GroupCommandJournal {
  async function withTargets(rows: Row[]): Promise<GroupCommandRecord[]> {
    const records: GroupCommandRecord[] = [];
    for (const row of rows) {
      const targets = await database.read(
        'SELECT device, status, reason FROM group_command_target WHERE group_command = ?1 ORDER BY n',
        [String(row['id'])],
      );
      records.push({ groupCommand: groupCommandOf(row), targets: targets.map(targetOf) });
    }
    return records;
  }

  return {
    async open() {
      const sql = `SELECT ${columns} FROM group_command WHERE status = 'running'
                     OR id IN (SELECT group_command FROM group_command_target WHERE settled = 0) ORDER BY seq`;
      return withTargets(await database.read(sql));
    },
    async unanswered() {
      return withTargets(
        await database.read(`SELECT ${columns} FROM group_command WHERE owed = 1 ORDER BY seq`),
      );
    },
    async find(id) {
      const rows = await database.read(`SELECT ${columns} FROM group_command WHERE id = ?1`, [id]);
      return (await withTargets(rows))[0];
    },
    async list(limit) {
      const rows = await database.read(`SELECT ${columns} FROM group_command ORDER BY seq DESC LIMIT ?1`, [
        limit,
      ]);
      return rows.map(groupCommandOf);
    },
    accept: (record, delivery) => acceptGroupCommand(database, record, delivery),
    async save(groupCommand) {
      const { id, status, endedMs } = groupCommand;
      await database.transaction([
        {
          sql: `UPDATE group_command SET status = ?2, body = ?3, ended_ms = ?4, owed = ?5 WHERE id = ?1`,
          params: [id, status, bodyOf(groupCommand), endedMs ?? null, Number(status !== 'running')],
        },
      ]);
    },
    async saveTargets(id, targets) {
      await database.transaction(
        targets.map(({ index, target }) => ({
          // One statement a row: joined to a list of rows it would read the list once for each target of the group.
          sql: `UPDATE group_command_target SET status = ?3, reason = ?4, settled = ?5
                 WHERE group_command = ?1 AND n = ?2`,
          params: [id, index, target.status, target.reason ?? null, Number(isSettled(target))],
        })),
      );
    },
    async answered(id) {
      await database.transaction([{ sql: 'UPDATE group_command SET owed = 0 WHERE id = ?1', params: [id] }]);
    },
    async prune(endedBeforeMs) {
      const gone = `SELECT id FROM group_command WHERE ended_ms < ?1 AND owed = 0
                       AND id NOT IN (SELECT group_command FROM group_command_target WHERE settled = 0)`;
      await database.transaction([
        { sql: `DELETE FROM group_command_target WHERE group_command IN (${gone})`, params: [endedBeforeMs] },
        {
          sql: `DELETE FROM group_command WHERE ended_ms < ?1 AND owed = 0
                   AND id NOT IN (SELECT group_command FROM group_command_target)`,
          params: [endedBeforeMs],
        },
      ]);
    },
    ...groupStore(database),
  };
}

/** The correlation data are bytes, which JSON cannot hold: they have a column of their own. */
function bodyOf({ answerTo, ...groupCommand }: GroupCommand): string {
  return JSON.stringify(
    answerTo === undefined ? groupCommand : { ...groupCommand, answerTo: { topic: answerTo.topic } },
  );
}

function groupCommandOf(row: Row): GroupCommand {
  // Written by `accept` and `save` above, and by nothing else.
  const groupCommand = JSON.parse(String(row['body'])) as GroupCommand;
  const correlation = row['answer_correlation'];
  if (groupCommand.answerTo === undefined || !(correlation instanceof Uint8Array)) return groupCommand;
  return { ...groupCommand, answerTo: { topic: groupCommand.answerTo.topic, correlation } };
}

function targetOf(row: Row): Target {
  const reason = row['reason'];
  return {
    device: String(row['device']),
    status: String(row['status']) as TargetStatus,
    reason: typeof reason === 'string' ? reason : undefined,
  };
}

function groupStore(database: Database): Pick<GroupCommandJournal, 'groups' | 'setGroup' | 'removeGroup'> {
  return {
    async groups() {
      const rows = await database.read('SELECT name, selector FROM device_group ORDER BY name');
      return rows.map((row): Group => ({ name: String(row['name']), selector: String(row['selector']) }));
    },
    async setGroup({ name, selector }) {
      const sql = `INSERT INTO device_group (name, selector) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET selector = ?2`;
      await database.transaction([{ sql, params: [name, selector] }]);
    },
    async removeGroup(name) {
      const [gone] = await database.transaction([
        { sql: 'DELETE FROM device_group WHERE name = ?1 RETURNING name', params: [name] },
      ]);
      return gone !== undefined && gone.length > 0;
    },
  };
}

async function acceptGroupCommand(
  database: Database,
  { groupCommand, targets }: GroupCommandRecord,
  delivery: Delivery | undefined,
): Promise<boolean> {
  const { correlation } = groupCommand.answerTo ?? {};
  const statements: Statement[] = [
    {
      sql: `INSERT INTO group_command (id, status, owed, body, answer_correlation) VALUES (?1, ?2, 0, ?3, ?4)
                ON CONFLICT DO NOTHING RETURNING id`,
      params: [groupCommand.id, groupCommand.status, bodyOf(groupCommand), correlation ?? null],
    },
    {
      // If the group command is there already, so are all its targets.
      sql: `INSERT INTO group_command_target (group_command, n, device, status, reason, settled)
                SELECT ?1, key, value ->> 'device', value ->> 'status', NULL, 0 FROM json_each(?2)
                 WHERE NOT EXISTS (SELECT 1 FROM group_command_target WHERE group_command = ?1)`,
      params: [groupCommand.id, JSON.stringify(targets)],
    },
  ];
  if (delivery !== undefined) {
    statements.push({
      sql: `INSERT INTO command_delivery (key, expires_ms) VALUES (?1, ?2)
                ON CONFLICT (key) DO UPDATE SET expires_ms = ?2`,
      params: [delivery.key, delivery.expiresMs],
    });
  }
  const [added] = await database.transaction(statements);
  return added !== undefined && added.length > 0;
}
