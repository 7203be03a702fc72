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
    // Worded as in the partial indexes: otherwise SQLite does not use them.
    yes: (column) => `${column} = 1`,
    no: (column) => `${column} = 0`,
    among: (placeholder) => `IN (SELECT value FROM json_each(${placeholder}))`,
    // One statement runs at a time.
    held: '',
    // There is no other hub.
    leads: 'true',
  };
}

/** SQLite reads `$1` as a name; only `?1` is bound by position. */
function numbered(sql: string): string {
  return sql.replaceAll(/\$(?=\d)/g, '?');
}

function bound(value: Value): SqlValue {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
