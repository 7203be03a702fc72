import { HubError } from '../../kernel/errors.ts';
import { jsonOf } from './row.ts';
import type { StateTables } from './state-tables.ts';

/** A table `(name, record)` with few rows, each a record as JSON. It is read as a whole at the start. */
export interface RecordTable<T> {
  /** By name. */
  load(): Promise<T[]>;
  /** Adds the record, or replaces the one of this name. */
  save(name: string, record: T): Promise<void>;
  /** @returns false: the name is taken */
  add(name: string, record: T): Promise<boolean>;
  /**
   * Writes what `change` makes of a record, unless another hub has changed it since: then it is made again, of what is there now.
   * @param known as it was last read
   * @param change may be called several times; nothing is written when it returns what it was given
   * @param only a condition besides, in which $1 is the name and $2 the new record
   */
  change(name: string, known: T, change: (now: T) => T, only?: string): Promise<RecordChange<T>>;
  /** Unless it is none of these any more. @returns whether it was replaced */
  replace(name: string, known: readonly T[], record: T): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Removes it. @returns whether it was there */
  take(name: string): Promise<boolean>;
}

/** `refused`: the condition was not met. */
export type RecordChange<T> = { kind: 'changed'; record: T } | { kind: 'gone' } | { kind: 'refused' };

/**
 * @param table a name from the code, never from outside
 * @param mayWrite a condition under which it may be written; where it is not met, `save` rejects and the others change nothing
 */
export function recordTable<T>(tables: StateTables, table: string, mayWrite = 'true'): RecordTable<T> {
  const insert = `INSERT INTO ${table} (name, record) SELECT $1, $2 WHERE ${mayWrite}`;
  const remove = `DELETE FROM ${table} WHERE name = $1 AND ${mayWrite} RETURNING name`;
  return {
    async load() {
      const rows = await tables.load(`SELECT record FROM ${table} ORDER BY name`);
      return rows.map(({ record }) => jsonOf(record) as T);
    },
    async save(name, record) {
      const replace = 'ON CONFLICT (name) DO UPDATE SET record = excluded.record';
      const saved = await tables.write(`${insert} ${replace} RETURNING name`, [name, JSON.stringify(record)]);
      if (saved.length === 0)
        throw new HubError(
          'database-failed',
          `another hub leads, and ${table} ${name} is written by it alone`,
        );
    },
    async add(name, record) {
      const added = await tables.write(`${insert} ON CONFLICT (name) DO NOTHING RETURNING name`, [
        name,
        JSON.stringify(record),
      ]);
      return added.length === 1;
    },
    async change(name, known, change, only = 'true') {
      let now = known;
      let onDisk = JSON.stringify(known);
      for (;;) {
        const next = change(now);
        if (next === now) return { kind: 'changed', record: now };
        const changed = await tables.write(
          `UPDATE ${table} SET record = $2 WHERE name = $1 AND record = $3 AND (${only}) AND ${mayWrite} RETURNING name`,
          [name, JSON.stringify(next), onDisk],
        );
        if (changed.length === 1) return { kind: 'changed', record: next };
        const [row] = await tables.read(`SELECT record FROM ${table} WHERE name = $1`, [name]);
        if (row === undefined) return { kind: 'gone' };
        if (row['record'] === onDisk) return { kind: 'refused' };
        // The text itself: whoever wrote it may have put it down in another way.
        onDisk = String(row['record']);
        now = jsonOf(onDisk) as T;
      }
    },
    async replace(name, known, record) {
      const replaced = await tables.write(
        `UPDATE ${table} SET record = $2 WHERE name = $1 AND record ${tables.among('$3')} RETURNING name`,
        [name, JSON.stringify(record), known.map((each) => JSON.stringify(each))],
      );
      return replaced.length === 1;
    },
    async remove(name) {
      await tables.write(remove, [name]);
    },
    async take(name) {
      const removed = await tables.write(remove, [name]);
      return removed.length === 1;
    },
  };
}
