import type { StateTables, Value } from '../rows/state-tables.ts';
import type { Database } from './sqlite.ts';
import type { SqlValue } from './sqlite-protocol.ts';

export function sqliteTables(db: Database): StateTables {
  return {
    load: (sql, values = []) => db.read(numbered(sql), values.map(bound)),
    read: (sql, values) => db.read(numbered(sql), values.map(bound)),
    async write(sql, values) {
      const [rows = []] = await db.transaction([{ sql: numbered(sql), params: values.map(bound) }]);
      return rows;
    },
    // As the partial indexes have it, or they are not used.
    yes: (column) => `${column} = 1`,
    no: (column) => `${column} = 0`,
    among: (placeholder) => `IN (SELECT value FROM json_each(${placeholder}))`,
  };
}

/** SQLite takes `$1` for a name, and binds `?1` by its place. */
function numbered(sql: string): string {
  return sql.replaceAll(/\$(?=\d)/g, '?');
}

function bound(value: Value): SqlValue {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
