import type { CommandQuery } from '../../../schemas/api/commands/commands.ts';
import type { Command } from '../../commands/command.ts';
import type { CommandJournal, CommandRecord, Delivery } from '../../commands/journal.ts';
import {
  biteSize,
  commandColumns,
  commandOf,
  commandPageOf,
  owedOf,
  pruneInBites,
} from '../rows/command-rows.ts';
import type { Database } from './sqlite.ts';
import type { Statement } from './sqlite-protocol.ts';

/**
 * The tables of the journal. `body` is the whole command as JSON; the other columns serve queries. `owed` is 1 while the
 * broker does not have the final answer.
 */
export const commandMigrations: readonly string[] = [
  `CREATE TABLE command (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     device TEXT NOT NULL,
     id TEXT NOT NULL,
     status TEXT NOT NULL,
     final INTEGER NOT NULL,
     owed INTEGER NOT NULL,
     changed_ms REAL NOT NULL,
     body TEXT NOT NULL,
     answer_topic TEXT,
     answer_correlation BLOB,
     UNIQUE (device, id)
   ) STRICT;
   CREATE INDEX command_open ON command (seq) WHERE final = 0;
   CREATE INDEX command_owed ON command (seq) WHERE owed = 1;
   CREATE INDEX command_ended ON command (changed_ms) WHERE final = 1;
   CREATE TABLE command_delivery (
     key TEXT PRIMARY KEY,
     expires_ms REAL NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX command_delivery_expiry ON command_delivery (expires_ms);`,
];

/** The requester is who asked, and over which interface. The admin socket counts as the command line. */
export const commandRequesterMigrations: readonly string[] = [
  `UPDATE command SET body = json_set(json_remove(body, '$.origin'), '$.requester', json_object(
       'actor', body ->> '$.origin.actor',
       'origin', replace(body ->> '$.origin.door', 'socket', 'cli')))
     WHERE body -> '$.origin' IS NOT NULL;
   UPDATE command SET body = json_set(json_remove(body, '$.heardMs'), '$.reportedMs', body -> '$.heardMs')
     WHERE body -> '$.heardMs' IS NOT NULL;`,
];

/**
 * The command journal over the state database (`commandMigrations` applied).
 * @param beside statements that follow each new state in the same transaction: its audit entry
 */
export function createCommandStore(
  database: Database,
  beside: (command: Command, first: boolean) => readonly Statement[] = () => [],
): CommandJournal {
  return {
    async open() {
      const rows = await database.read(`SELECT ${commandColumns} FROM command WHERE final = 0 ORDER BY seq`);
      return rows.map(commandOf);
    },
    async unanswered({ limit, after = 0 }) {
      const sql = `SELECT ${commandColumns} FROM command WHERE owed = 1 AND seq > ?1 ORDER BY seq LIMIT ?2`;
      return owedOf(await database.read(sql, [after, limit]));
    },
    async find(device, id) {
      const sql = `SELECT ${commandColumns} FROM command WHERE device = ?1 AND id = ?2`;
      const [row] = await database.read(sql, [device, id]);
      return row && commandOf(row);
    },
    list: (query) => listCommands(database, query),
    async wasDelivered(key) {
      return (await database.read('SELECT 1 FROM command_delivery WHERE key = ?1', [key])).length > 0;
    },
    async accept(record, final, delivery) {
      const statements = [insert(record, final), ...beside(record.command, true)];
      if (delivery !== undefined) statements.push(remember(delivery));
      const [added] = await database.transaction(statements);
      return added?.length === 1 ? { kind: 'added' } : { kind: 'known' };
    },
    async save(command, final) {
      const { device, id, status, changedMs } = command;
      const body = JSON.stringify(command);
      // The condition enforces the rule of the state machine here too: a final command never changes.
      const sql = `UPDATE command SET status = ?3, final = ?4, owed = ?4, changed_ms = ?5, body = ?6
                   WHERE device = ?1 AND id = ?2 AND final = 0 AND body <> ?6 RETURNING seq`;
      const [saved] = await database.transaction([
        { sql, params: [device, id, status, Number(final), changedMs, body] },
        ...beside(command, false),
      ]);
      if (saved?.length === 1) return true;
      // An earlier attempt may have stored the command already, with its audit entry.
      const there = 'SELECT 1 FROM command WHERE device = ?1 AND id = ?2 AND body = ?3';
      return (await database.read(there, [device, id, body])).length === 1;
    },
    async answered(commands) {
      const sql = 'UPDATE command SET owed = 0 WHERE device = ?1 AND id = ?2';
      await database.transaction(commands.map(({ device, id }) => ({ sql, params: [device, id] })));
    },
    prune: (endedBeforeMs, nowMs) =>
      pruneInBites(async () => {
        const removed = await database.transaction([
          {
            sql: `DELETE FROM command WHERE seq IN
                    (SELECT seq FROM command WHERE final = 1 AND changed_ms < ?1 AND owed = 0 LIMIT ${biteSize})
                  RETURNING seq`,
            params: [endedBeforeMs],
          },
          {
            sql: `DELETE FROM command_delivery WHERE key IN
                    (SELECT key FROM command_delivery WHERE expires_ms < ?1 LIMIT ${biteSize})
                  RETURNING 1`,
            params: [nowMs],
          },
        ]);
        return removed.map((rows) => rows.length);
      }),
  };
}

function insert({ command, answerTo }: CommandRecord, final: boolean): Statement {
  const { device, id, status, changedMs } = command;
  return {
    sql: `INSERT INTO command (device, id, status, final, owed, changed_ms, body, answer_topic, answer_correlation)
          VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING RETURNING seq`,
    params: [
      device,
      id,
      status,
      Number(final),
      changedMs,
      JSON.stringify(command),
      answerTo?.topic ?? null,
      answerTo?.correlation ?? null,
    ],
  };
}

/** Clients use packet ids again: the newest delivery under a key counts. */
function remember({ key, expiresMs }: Delivery): Statement {
  const sql =
    'INSERT INTO command_delivery (key, expires_ms) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET expires_ms = ?2';
  return { sql, params: [key, expiresMs] };
}

async function listCommands(
  database: Database,
  { device, name, id, status, open, fromMs, toMs, limit, before }: CommandQuery,
): ReturnType<CommandJournal['list']> {
  const rows = await database.read(
    `SELECT seq, body FROM command
          WHERE (?2 IS NULL OR device = ?2) AND (?3 IS NULL OR body ->> 'name' = ?3) AND (?4 IS NULL OR id = ?4)
            AND (?5 IS NULL OR status = ?5) AND (?6 IS NULL OR final = ?6) AND (?7 IS NULL OR seq < ?7)
            AND (?8 IS NULL OR body ->> 'acceptedMs' >= ?8) AND (?9 IS NULL OR body ->> 'acceptedMs' < ?9)
          ORDER BY seq DESC LIMIT ?1`,
    [
      limit,
      device ?? null,
      name ?? null,
      id ?? null,
      status ?? null,
      open === undefined ? null : Number(!open),
      before ?? null,
      fromMs ?? null,
      toMs ?? null,
    ],
  );
  return commandPageOf(rows, limit);
}
