import type { NoticeStore } from '../../notices/notices.ts';
import type { Database } from './sqlite.ts';

/** Who requested it; null: a hub that did not note it yet. */
export const noticeActorMigrations: readonly string[] = [`ALTER TABLE notice ADD COLUMN actor TEXT;`];

export const noticeMigrations: readonly string[] = [
  `CREATE TABLE notice (
     id TEXT PRIMARY KEY,
     -- Selector.
     recipients TEXT NOT NULL,
     topic TEXT NOT NULL,
     data TEXT NOT NULL,
     at_ms REAL NOT NULL,
     created_ms REAL NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

/** Scheduled notices in `state.db`. */
export function createNoticeStore(db: Database): NoticeStore {
  return {
    async load() {
      const rows = await db.read('SELECT id, recipients, topic, data, at_ms, created_ms, actor FROM notice');
      return rows.map((row) => ({
        id: String(row['id']),
        to: String(row['recipients']),
        topic: String(row['topic']),
        data: JSON.parse(String(row['data'])) as unknown,
        atMs: Number(row['at_ms']),
        createdMs: Number(row['created_ms']),
        ...(row['actor'] === null ? {} : { actor: String(row['actor']) }),
      }));
    },

    async save({ id, to, topic, data, atMs = 0, createdMs, actor = null }) {
      await db.transaction([
        {
          sql: `INSERT INTO notice (id, recipients, topic, data, at_ms, created_ms, actor) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
          params: [id, to, topic, JSON.stringify(data), atMs, createdMs, actor],
        },
      ]);
    },

    async remove(id) {
      await db.transaction([{ sql: 'DELETE FROM notice WHERE id = ?1', params: [id] }]);
    },
  };
}
