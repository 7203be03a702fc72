import type { MovedKey, MovedRow, MovedValue, MoveSource } from '../../admin/state-move.ts';
import { movedTable, movedTables, type MovedTable } from '../rows/moved-tables.ts';
import { isTrue } from '../rows/row.ts';
import { createHubIdentityStore } from './sqlite-hub-identity-store.ts';
import type { Database } from './sqlite.ts';
import type { Row, SqlValue } from './sqlite-protocol.ts';

const pageRows = 1_000;

/** The state in `state.db`, table by table. */
export async function createMoveSource(db: Database): Promise<MoveSource> {
  // A state that the command line made, and no hub has used, has no id yet.
  const id = await createHubIdentityStore(db).hubId();
  const [hub] = await db.read('SELECT incarnation, epoch_floor FROM hub');
  return {
    hub: { id, incarnation: Number(hub?.['incarnation']), epochFloor: Number(hub?.['epoch_floor']) },
    tables: movedTables.map(({ name }) => name),

    async count(name) {
      const [row] = await db.read(`SELECT count(*) AS rows FROM (${fromOf(movedTable(name))})`);
      return Number(row?.['rows']);
    },

    async page(name, after) {
      const table = movedTable(name);
      const rows = await db.read(pageSql(table, after), [...(after ?? [])]);
      const last = rows.at(-1);
      return {
        rows: rows.map((row) => movedRow(table, row)),
        last: last && table.key.map((column): MovedKey[number] => keyValue(last[column])),
      };
    },
  };
}

function fromOf({ name, columns, from }: MovedTable): string {
  return from ?? `SELECT ${Object.keys(columns).join(', ')} FROM ${name}`;
}

function pageSql(table: MovedTable, after: MovedKey | undefined): string {
  const key = table.key.join(', ');
  const behind =
    after === undefined ? '' : `WHERE (${key}) > (${after.map((_, at) => `?${at + 1}`).join(', ')})`;
  return `SELECT ${Object.keys(table.columns).join(', ')} FROM (${fromOf(table)}) ${behind} ORDER BY ${key} LIMIT ${pageRows}`;
}

function keyValue(value: SqlValue | undefined): string | number {
  return typeof value === 'number' ? value : String(value);
}

function movedRow({ columns }: MovedTable, row: Row): MovedRow {
  return Object.entries(columns).map(([column, type]): MovedValue => {
    const value = row[column] ?? null;
    if (value === null || value instanceof Uint8Array) return value;
    if (type === 'boolean') return isTrue(value);
    // PostgreSQL allows no NUL in a text.
    return type === 'text' ? String(value).replaceAll('\0', '\u{fffd}') : Number(value);
  });
}
