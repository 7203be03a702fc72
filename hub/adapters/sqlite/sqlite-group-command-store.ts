import type { Delivery } from '../../commands/journal.ts';
import type {
  ChangedTarget,
  GroupCommandJournal,
  GroupCommandRecord,
} from '../../commands/group/group-command-journal.ts';
import type { Target } from '../../commands/group/group-command.ts';
import { groupCommandBody, groupCommandRows } from '../rows/group-command-rows.ts';
import type { Database } from './sqlite.ts';
import type { Statement } from './sqlite-protocol.ts';
import { sqliteTables } from './sqlite-state-tables.ts';

/** Tables of group commands. The command journal has `command_delivery`. */
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

/** As `commandRequesterMigrations`. */
export const groupCommandRequesterMigrations: readonly string[] = [
  `UPDATE rollout SET body = json_set(json_remove(body, '$.origin'), '$.requester', json_object(
       'actor', body ->> '$.origin.actor',
       'origin', replace(body ->> '$.origin.door', 'socket', 'cli')));`,
];

/** Renames the tables: a command to many devices is a group command, and no rollout. */
export const groupCommandNameMigrations: readonly string[] = [
  `ALTER TABLE rollout RENAME TO group_command;
   ALTER TABLE rollout_target RENAME TO group_command_target;
   ALTER TABLE group_command_target RENAME COLUMN rollout TO group_command;
   DROP INDEX rollout_target_open;
   CREATE INDEX group_command_target_open ON group_command_target (group_command) WHERE settled = 0;`,
];

/** @param isSettled whether the status of a target never changes again */
export function createGroupCommandStore(
  database: Database,
  isSettled: (target: Target) => boolean,
): GroupCommandJournal {
  // One statement per row: a join with the list of rows would read the list once for each target of the group.
  const targetStatements = (
    id: string,
    targets: readonly ChangedTarget[],
    endedMs: number | null = null,
  ): Statement[] =>
    targets.map(({ index, target }) => ({
      sql: `UPDATE group_command_target SET status = ?3, reason = ?4, settled = ?5 WHERE group_command = ?1 AND n = ?2
               AND (?6 IS NULL OR EXISTS (SELECT 1 FROM group_command WHERE id = ?1 AND ended_ms = ?6))`,
      params: [id, index, target.status, target.reason ?? null, Number(isSettled(target)), endedMs],
    }));
  return {
    ...groupCommandRows(sqliteTables(database)),
    accept: (record, delivery) => acceptGroupCommand(database, record, delivery),
    async save(groupCommand, targets = []) {
      const { id, status, endedMs = null } = groupCommand;
      const [saved] = await database.transaction([
        {
          sql: `UPDATE group_command SET status = ?2, body = ?3, ended_ms = ?4, owed = ?5
                 WHERE id = ?1 AND (status = 'running' OR (status = ?2 AND ended_ms = ?4)) RETURNING id`,
          params: [id, status, groupCommandBody(groupCommand), endedMs, Number(status !== 'running')],
        },
        ...targetStatements(id, targets, endedMs),
      ]);
      return saved?.length === 1;
    },
    async saveTargets(id, targets) {
      await database.transaction(targetStatements(id, targets));
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
      params: [groupCommand.id, groupCommand.status, groupCommandBody(groupCommand), correlation ?? null],
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
