import type { StateTables } from '../rows/state-tables.ts';
import type { Postgres } from './postgres.ts';
import { leadsIn, type PostgresOwner } from './postgres-owner.ts';

export function postgresTables(db: Postgres, owner: PostgresOwner): StateTables {
  return {
    load: (sql, values) => db.longQuery(sql, values),
    read: (sql, values) => db.query(sql, values),
    write: (sql, values) => db.query(sql, values),
    yes: (column) => column,
    no: (column) => `NOT ${column}`,
    among: (placeholder) => `= ANY(${placeholder}::text[])`,
    held: 'FOR UPDATE',
    leads: leadsIn(owner),
  };
}
