import { jsonOf } from './row.ts';
import type { StateTables } from './state-tables.ts';

/** A table `(name, record)` with few rows, each a record as JSON. It is read as a whole at the start. */
export interface RecordTable<T> {
  /** By name. */
  load(): Promise<T[]>;
  /** Adds the record, or replaces the one of this name. */
  save(name: string, record: T): Promise<void>;
  /** Rejects when the name is taken. */
  add(name: string, record: T): Promise<void>;
  /** Unless it is none of these any more. @returns whether it was replaced */
  replace(name: string, known: readonly T[], record: T): Promise<boolean>;
  remove(name: string): Promise<void>;
}

/** @param table a name from the code, never from outside */
export function recordTable<T>(tables: StateTables, table: string): RecordTable<T> {
  const insert = `INSERT INTO ${table} (name, record) VALUES ($1, $2)`;
  return {
    async load() {
      const rows = await tables.load(`SELECT record FROM ${table} ORDER BY name`);
      return rows.map(({ record }) => jsonOf(record) as T);
    },
    async save(name, record) {
      const replace = 'ON CONFLICT (name) DO UPDATE SET record = excluded.record';
      await tables.write(`${insert} ${replace}`, [name, JSON.stringify(record)]);
    },
    async add(name, record) {
      await tables.write(insert, [name, JSON.stringify(record)]);
    },
    async replace(name, known, record) {
      const replaced = await tables.write(
        `UPDATE ${table} SET record = $2 WHERE name = $1 AND record ${tables.among('$3')} RETURNING name`,
        [name, JSON.stringify(record), known.map((each) => JSON.stringify(each))],
      );
      return replaced.length === 1;
    },
    async remove(name) {
      await tables.write(`DELETE FROM ${table} WHERE name = $1`, [name]);
    },
  };
}
