import type { TargetStatus } from '../../../schemas/command-status.ts';
import type { Target } from '../../commands/group/group-command.ts';
import type { GroupTwinStore } from '../../twins/group/group-twin-store.ts';
import type { GroupTwin, GroupTwinRecord } from '../../twins/group/group-twin.ts';
import type { Database } from './sqlite.ts';
import type { Row } from './sqlite-protocol.ts';

export const groupTwinMigrations: readonly string[] = [
  `CREATE TABLE group_twin (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     status TEXT NOT NULL,
     ended_ms REAL,
     -- As JSON (GroupTwin).
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE group_twin_target (
     group_twin TEXT NOT NULL,
     n INTEGER NOT NULL,
     device TEXT NOT NULL,
     status TEXT NOT NULL,
     reason TEXT,
     PRIMARY KEY (group_twin, n)
   ) STRICT, WITHOUT ROWID;`,
];

export function createGroupTwinStore(db: Database): GroupTwinStore {
  async function withTargets(rows: readonly Row[]): Promise<GroupTwinRecord[]> {
    const sql = 'SELECT device, status, reason FROM group_twin_target WHERE group_twin = ?1 ORDER BY n';
    return Promise.all(
      rows.map(async (row) => ({
        // Written by `accept` and `save` below, and by nothing else.
        groupTwin: JSON.parse(String(row['body'])) as GroupTwin,
        targets: (await db.read(sql, [String(row['id'])])).map(targetOf),
      })),
    );
  }

  return {
    open: async () =>
      withTargets(await db.read(`SELECT id, body FROM group_twin WHERE status = 'running' ORDER BY seq`)),

    find: async (id) =>
      (await withTargets(await db.read('SELECT id, body FROM group_twin WHERE id = ?1', [id])))[0],

    async list(limit) {
      const rows = await db.read('SELECT body FROM group_twin ORDER BY seq DESC LIMIT ?1', [limit]);
      return rows.map(({ body }) => JSON.parse(String(body)) as GroupTwin);
    },

    async accept({ groupTwin, targets }) {
      const { id, status } = groupTwin;
      const [added] = await db.transaction([
        {
          sql: `INSERT INTO group_twin (id, status, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING RETURNING id`,
          params: [id, status, JSON.stringify(groupTwin)],
        },
        {
          // If it is there already, so are all its targets.
          sql: `INSERT INTO group_twin_target (group_twin, n, device, status)
                SELECT ?1, key, value ->> 'device', value ->> 'status' FROM json_each(?2)
                 WHERE NOT EXISTS (SELECT 1 FROM group_twin_target WHERE group_twin = ?1)`,
          params: [id, JSON.stringify(targets)],
        },
      ]);
      return added?.length === 1;
    },

    async save(groupTwin) {
      const { id, status, endedMs = null } = groupTwin;
      await db.transaction([
        {
          sql: 'UPDATE group_twin SET status = ?2, body = ?3, ended_ms = ?4 WHERE id = ?1',
          params: [id, status, JSON.stringify(groupTwin), endedMs],
        },
      ]);
    },

    async saveTargets(id, targets) {
      await db.transaction(
        targets.map(({ index, target }) => ({
          // One statement a row: joined to a list of rows it would read the list once for each target of the group.
          sql: 'UPDATE group_twin_target SET status = ?3, reason = ?4 WHERE group_twin = ?1 AND n = ?2',
          params: [id, index, target.status, target.reason ?? null],
        })),
      );
    },

    async prune(endedBeforeMs) {
      const gone = 'SELECT id FROM group_twin WHERE ended_ms < ?1';
      await db.transaction([
        { sql: `DELETE FROM group_twin_target WHERE group_twin IN (${gone})`, params: [endedBeforeMs] },
        { sql: 'DELETE FROM group_twin WHERE ended_ms < ?1', params: [endedBeforeMs] },
      ]);
    },
  };
}

function targetOf(row: Row): Target {
  const reason = row['reason'];
  return {
    device: String(row['device']),
    status: String(row['status']) as TargetStatus,
    reason: typeof reason === 'string' ? reason : undefined,
  };
}
