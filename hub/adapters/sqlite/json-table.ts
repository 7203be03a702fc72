import type { Database } from './sqlite.ts';

/** A table `(name, record)`: few rows, read as a whole at start, each a record as JSON. */
export interface JsonTable<T> {
  load(): Promise<T[]>;
  /** Adds the record, or replaces the one of this name. */
  save(name: string, record: T): Promise<void>;
  remove(name: string): Promise<void>;
}

/** The migration that makes it. */
export function jsonTableMigration(table: string): string {
  return `CREATE TABLE ${table} (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;`;
}

/** @param table its name, which only the program chooses */
export function jsonTable<T>(db: Database, table: string): JsonTable<T> {
  return {
    async load() {
      const rows = await db.read(`SELECT record FROM ${table} ORDER BY name`);
      // Written by `save` below, and by nothing else.
      return rows.map(({ record }) => JSON.parse(String(record)) as T);
    },
    async save(name, record) {
      const sql = `INSERT INTO ${table} (name, record) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET record = ?2`;
      await db.transaction([{ sql, params: [name, JSON.stringify(record)] }]);
    },
    async remove(name) {
      await db.transaction([{ sql: `DELETE FROM ${table} WHERE name = ?1`, params: [name] }]);
    },
  };
}
