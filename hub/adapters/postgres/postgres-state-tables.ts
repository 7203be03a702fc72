import type { StateTables } from '../rows/state-tables.ts';
import type { Postgres } from './postgres.ts';

export function postgresTables(db: Postgres): StateTables {
  return {
    load: (sql, values) => db.longQuery(sql, values),
    read: (sql, values) => db.query(sql, values),
    write: (sql, values) => db.query(sql, values),
    yes: (column) => column,
    no: (column) => `NOT ${column}`,
    among: (placeholder) => `= ANY(${placeholder}::text[])`,
    held: 'FOR UPDATE',
  };
}
