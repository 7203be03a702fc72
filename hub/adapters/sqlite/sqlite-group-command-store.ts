import type { Delivery } from '../../commands/journal.ts';
import type { Group, RolloutJournal, RolloutRecord } from '../../commands/group-command-journal.ts';
import type { Rollout, Target, TargetStatus } from '../../commands/group-command.ts';
import type { Database, Row, Statement } from './sqlite.ts';

/** Group commands in the state database; `command_delivery` is the command journal's. */
export const rolloutMigrations: readonly string[] = [
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

const columns = 'id, body, answer_correlation';

/** @param isSettled nothing more will become of a target with this state */
export function rolloutStore(database: Database, isSettled: (target: Target) => boolean): RolloutJournal {
  async function withTargets(rows: Row[]): Promise<RolloutRecord[]> {
    const records: RolloutRecord[] = [];
    for (const row of rows) {
      const targets = await database.read(
        'SELECT device, status, reason FROM rollout_target WHERE rollout = ?1 ORDER BY n',
        [String(row['id'])],
      );
      records.push({ rollout: rolloutOf(row), targets: targets.map(targetOf) });
    }
    return records;
  }

  return {
    async open() {
      const sql = `SELECT ${columns} FROM rollout WHERE status = 'running'
                     OR id IN (SELECT rollout FROM rollout_target WHERE settled = 0) ORDER BY seq`;
      return withTargets(await database.read(sql));
    },
    async unanswered() {
      return withTargets(await database.read(`SELECT ${columns} FROM rollout WHERE owed = 1 ORDER BY seq`));
    },
    async find(id) {
      const rows = await database.read(`SELECT ${columns} FROM rollout WHERE id = ?1`, [id]);
      return (await withTargets(rows))[0];
    },
    async list(limit) {
      const rows = await database.read(`SELECT ${columns} FROM rollout ORDER BY seq DESC LIMIT ?1`, [limit]);
      return rows.map(rolloutOf);
    },
    accept: (record, delivery) => acceptRollout(database, record, delivery),
    async save(rollout) {
      const { id, status, endedMs } = rollout;
      await database.transaction([
        {
          sql: `UPDATE rollout SET status = ?2, body = ?3, ended_ms = ?4, owed = ?5 WHERE id = ?1`,
          params: [id, status, bodyOf(rollout), endedMs ?? null, Number(status !== 'running')],
        },
      ]);
    },
    async saveTargets(id, targets) {
      const rows = targets.map(({ index, target }) => ({
        n: index,
        status: target.status,
        reason: target.reason ?? null,
        settled: Number(isSettled(target)),
      }));
      await database.transaction([
        {
          sql: `UPDATE rollout_target SET status = given.value ->> 'status', reason = given.value ->> 'reason',
                       settled = given.value ->> 'settled'
                  FROM json_each(?2) AS given WHERE rollout = ?1 AND n = given.value ->> 'n'`,
          params: [id, JSON.stringify(rows)],
        },
      ]);
    },
    async answered(id) {
      await database.transaction([{ sql: 'UPDATE rollout SET owed = 0 WHERE id = ?1', params: [id] }]);
    },
    async prune(endedBeforeMs) {
      const gone = `SELECT id FROM rollout WHERE ended_ms < ?1 AND owed = 0
                       AND id NOT IN (SELECT rollout FROM rollout_target WHERE settled = 0)`;
      await database.transaction([
        { sql: `DELETE FROM rollout_target WHERE rollout IN (${gone})`, params: [endedBeforeMs] },
        {
          sql: `DELETE FROM rollout WHERE ended_ms < ?1 AND owed = 0
                   AND id NOT IN (SELECT rollout FROM rollout_target)`,
          params: [endedBeforeMs],
        },
      ]);
    },
    ...groupStore(database),
  };
}

/** The correlation data are bytes, which JSON has none of: they stand in a column of their own. */
function bodyOf({ answerTo, ...rollout }: Rollout): string {
  return JSON.stringify(
    answerTo === undefined ? rollout : { ...rollout, answerTo: { topic: answerTo.topic } },
  );
}

function rolloutOf(row: Row): Rollout {
  // Written by `accept` and `save` above, and by nothing else.
  const rollout = JSON.parse(String(row['body'])) as Rollout;
  const correlation = row['answer_correlation'];
  if (rollout.answerTo === undefined || !(correlation instanceof Uint8Array)) return rollout;
  return { ...rollout, answerTo: { topic: rollout.answerTo.topic, correlation } };
}

function targetOf(row: Row): Target {
  const reason = row['reason'];
  return {
    device: String(row['device']),
    status: String(row['status']) as TargetStatus,
    ...(typeof reason === 'string' ? { reason } : {}),
  };
}

function groupStore(database: Database): Pick<RolloutJournal, 'groups' | 'setGroup' | 'removeGroup'> {
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

async function acceptRollout(
  database: Database,
  { rollout, targets }: RolloutRecord,
  delivery: Delivery | undefined,
): Promise<boolean> {
  const { correlation } = rollout.answerTo ?? {};
  const statements: Statement[] = [
    {
      sql: `INSERT INTO rollout (id, status, owed, body, answer_correlation) VALUES (?1, ?2, 0, ?3, ?4)
                ON CONFLICT DO NOTHING RETURNING id`,
      params: [rollout.id, rollout.status, bodyOf(rollout), correlation ?? null],
    },
    {
      // Of a rollout that is there already, every target is there too.
      sql: `INSERT INTO rollout_target (rollout, n, device, status, reason, settled)
                SELECT ?1, key, value ->> 'device', value ->> 'status', NULL, 0 FROM json_each(?2)
                 WHERE NOT EXISTS (SELECT 1 FROM rollout_target WHERE rollout = ?1)`,
      params: [rollout.id, JSON.stringify(targets)],
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
