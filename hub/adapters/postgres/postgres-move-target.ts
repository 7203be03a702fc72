import type { MovedHub, MovedProgress, MovedValue, MoveFound, MoveTarget } from '../../admin/state-move.ts';
import { HubError } from '../../kernel/errors.ts';
import type { MovedTableReport } from '../../../schemas/state-move.ts';
import { movedTable, movedTables } from '../rows/moved-tables.ts';
import { jsonOf, type Row } from '../rows/row.ts';
import type { PgQuery, PgScalar, Postgres } from './postgres.ts';

/** Rows read at a time. */
const fetchRows = 1_000;

/** @param name the name of the database in messages */
export function createMoveTarget(db: Postgres, name: string): MoveTarget {
  return {
    name,

    found: () => findState(db),

    async begin(hub) {
      const names = movedTables.map((table) => table.name);
      await db.transaction(async (query) => {
        await query(`TRUNCATE ${names.join(', ')}, hub, epoch_floor, state_move, state_move_table`);
        await query('INSERT INTO state_move (one, hub, inc) VALUES (true, $1, $2)', [
          hub.id,
          hub.incarnation,
        ]);
      });
    },

    async write(hub, table, rows, progress) {
      await db.transaction(async (query) => {
        await insertRows(query, table, rows, hub);
        await query(
          `INSERT INTO state_move_table (name, progress) VALUES ($1, $2)
           ON CONFLICT (name) DO UPDATE SET progress = excluded.progress`,
          [table, JSON.stringify(progress)],
        );
      });
    },

    async clear(table) {
      await db.transaction(async (query) => {
        await query(`TRUNCATE ${movedTable(table).name}`);
        await query('DELETE FROM state_move_table WHERE name = $1', [table]);
      });
    },

    read: (table, each) => readRows(db, table, each),

    async finish(hub, tables) {
      await db.transaction((query) => finish(query, hub, tables, name));
      await db.longQuery('ANALYZE');
    },
  };
}

async function findState(db: Postgres): Promise<MoveFound> {
  const [made] = await db.query(`SELECT to_regclass('state_move') IS NOT NULL AS made`);
  if (made?.['made'] !== true) return { kind: 'empty' };
  const hubs = (await db.query('SELECT DISTINCT id FROM hub ORDER BY id')).map(({ id }) => String(id));
  const [move] = await db.query('SELECT hub, inc, report FROM state_move');
  if (move === undefined) {
    const rows = movedTables.map((table) => `EXISTS (SELECT 1 FROM ${table.name})`);
    const [row] = await db.longQuery(`SELECT ${rows.join(' OR ')} AS used`);
    return hubs.length > 0 || row?.['used'] === true ? { kind: 'used', hubs } : { kind: 'empty' };
  }
  const hub = { id: String(move['hub']), incarnation: Number(move['inc']) };
  if (typeof move['report'] !== 'string') {
    const rows = await db.query('SELECT name, progress FROM state_move_table');
    const progress = rows.map(
      (row) => [String(row['name']), jsonOf(row['progress']) as MovedProgress] as const,
    );
    return { kind: 'begun', hub, progress: new Map(progress) };
  }
  const started = await db.query(
    'SELECT 1 FROM hub WHERE (id, inc) IS DISTINCT FROM ($1, $2::bigint) LIMIT 1',
    [hub.id, hub.incarnation],
  );
  const tables = jsonOf(move['report']) as MovedTableReport[];
  return { kind: 'finished', hub, tables, used: started.length > 0 };
}

async function insertRows(
  query: PgQuery,
  name: string,
  rows: readonly (readonly MovedValue[])[],
  owner: MovedHub,
): Promise<void> {
  const { columns, isOwned } = movedTable(name);
  const types = Object.entries(columns);
  const names = types.map(([column]) => column).join(', ');
  const arrays = types.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ');
  const values: PgScalar[][] = types.map((_, at) => rows.map((row) => row[at] ?? null));
  if (isOwned !== true) {
    await query(
      `INSERT INTO ${name} (${names}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${arrays})`,
      values,
    );
    return;
  }
  const [hub, inc] = [types.length + 1, types.length + 2];
  await query(
    `INSERT INTO ${name} (${names}, hub, inc) OVERRIDING SYSTEM VALUE
     SELECT given.*, $${hub}::text, $${inc}::bigint FROM unnest(${arrays}) AS given`,
    [...values, owner.id, owner.incarnation],
  );
}

async function readRows(
  db: Postgres,
  name: string,
  each: (row: readonly MovedValue[]) => void,
): Promise<void> {
  const { columns, key } = movedTable(name);
  const names = Object.keys(columns);
  const order = key.map((column) => (columns[column] === 'text' ? `${column} COLLATE "C"` : column));
  await db.transaction(async (query) => {
    await query(
      `DECLARE moved NO SCROLL CURSOR FOR SELECT ${names.join(', ')} FROM ${name} ORDER BY ${order.join(', ')}`,
    );
    for (;;) {
      const rows: Row[] = await query(`FETCH ${fetchRows} FROM moved`);
      if (rows.length === 0) return;
      for (const row of rows) each(names.map((column) => row[column] as MovedValue));
    }
  });
}

async function finish(
  query: PgQuery,
  { id, incarnation, epochFloor }: MovedHub,
  tables: readonly MovedTableReport[],
  name: string,
): Promise<void> {
  await query('LOCK TABLE hub IN EXCLUSIVE MODE');
  const started = await query('SELECT id FROM hub');
  if (started.length > 0)
    throw new HubError(
      'state-not-moved',
      `hub ${String(started[0]?.['id'])} has started on ${name} meanwhile; stop it, and name an empty database with HUB_STATE_URL`,
    );
  for (const { name: table, columns } of movedTables) {
    if (!('seq' in columns)) continue;
    await query(
      `SELECT setval(pg_get_serial_sequence($1, 'seq'), coalesce(max(seq), 0) + 1, false) FROM ${table}`,
      [table],
    );
  }
  if (epochFloor > 0) await query('INSERT INTO epoch_floor (one, epoch) VALUES (true, $1)', [epochFloor]);
  await query(`INSERT INTO hub (id, inc, state, ended_at) VALUES ($1, $2, 'left', now())`, [id, incarnation]);
  await query('UPDATE state_move SET report = $1', [JSON.stringify(tables)]);
}
