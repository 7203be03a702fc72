import type { ChangedTarget } from '../../commands/group/group-command-journal.ts';
import type { GroupTwinStore } from '../../twins/group/group-twin-store.ts';
import { groupTwinRows } from '../rows/group-twin-rows.ts';
import type { Database } from './sqlite.ts';
import type { Statement } from './sqlite-protocol.ts';
import { sqliteTables } from './sqlite-state-tables.ts';

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
  return {
    ...groupTwinRows(sqliteTables(db)),

    async accept({ groupTwin, targets }) {
      const { id, status } = groupTwin;
      const [added] = await db.transaction([
        {
          sql: `INSERT INTO group_twin (id, status, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING RETURNING id`,
          params: [id, status, JSON.stringify(groupTwin)],
        },
        {
          // If the group twin is there already, so are all its targets.
          sql: `INSERT INTO group_twin_target (group_twin, n, device, status)
                SELECT ?1, key, value ->> 'device', value ->> 'status' FROM json_each(?2)
                 WHERE NOT EXISTS (SELECT 1 FROM group_twin_target WHERE group_twin = ?1)`,
          params: [id, JSON.stringify(targets)],
        },
      ]);
      return added?.length === 1;
    },

    async save(groupTwin, targets = []) {
      const { id, status, endedMs = null } = groupTwin;
      await db.transaction([
        {
          sql: 'UPDATE group_twin SET status = ?2, body = ?3, ended_ms = ?4 WHERE id = ?1',
          params: [id, status, JSON.stringify(groupTwin), endedMs],
        },
        ...targetStatements(id, targets),
      ]);
    },

    async saveTargets(id, targets) {
      await db.transaction(targetStatements(id, targets));
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

/** One statement per row: a join with the list of rows would read the list once for each target of the group. */
function targetStatements(id: string, targets: readonly ChangedTarget[]): Statement[] {
  return targets.map(({ index, target }) => ({
    sql: 'UPDATE group_twin_target SET status = ?3, reason = ?4 WHERE group_twin = ?1 AND n = ?2',
    params: [id, index, target.status, target.reason ?? null],
  }));
}
