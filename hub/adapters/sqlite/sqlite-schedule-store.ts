import type { Schedule } from '../../schedules/schedule.ts';
import type { ScheduleStore } from '../../schedules/schedules.ts';
import type { Database } from './sqlite.ts';

export const scheduleMigrations: readonly string[] = [
  `CREATE TABLE schedule (
     name TEXT PRIMARY KEY,
     body TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

/** Schedules in `state.db` (`scheduleMigrations` applied). */
export function createScheduleStore(db: Database): ScheduleStore {
  return {
    async load() {
      const rows = await db.read('SELECT body FROM schedule ORDER BY name');
      // Written by `save` below, and by nothing else.
      return rows.map((row) => JSON.parse(String(row['body'])) as Schedule);
    },
    async save(schedule) {
      const sql = `INSERT INTO schedule (name, body) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET body = excluded.body`;
      await db.transaction([{ sql, params: [schedule.name, JSON.stringify(schedule)] }]);
    },
    async remove(name) {
      await db.transaction([{ sql: 'DELETE FROM schedule WHERE name = ?1', params: [name] }]);
    },
  };
}
