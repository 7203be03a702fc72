import { HubError } from '../../kernel/errors.ts';
import { openPostgres, type Postgres, type PostgresOptions } from './postgres.ts';
import { postgresFunctions } from './postgres-functions.ts';
import { postgresAdditions, postgresMigrations } from './postgres-tables.ts';

/** Each runs once; a database remembers how many have. */
const migrations: readonly string[] = [...postgresMigrations, ...postgresFunctions, ...postgresAdditions];
/** The key of the lock under which the tables are made: any number that nobody else uses. */
const migrationLock = 4_815_162_342;
const oldestServer = 130_000;

/**
 * Opens the state that hubs keep in PostgreSQL, and creates or extends its tables.
 * @throws HubError `database-failed`: the server cannot be reached or may lose commits, a newer version made the tables, or
 *   a state is still being moved there
 */
export function openPostgresState(options: PostgresOptions): Promise<Postgres> {
  return openChecked(options, async (db) => {
    await migrate(db, options.url);
    await demandWhole(db, options.url);
  });
}

/**
 * Opens the database to which the state of a data folder is moved. Tables that exist must be of this version.
 * @param makes whether missing tables are created
 * @throws HubError `database-failed`, as `openPostgresState`
 */
export function openMoveDatabase(options: PostgresOptions, makes: boolean): Promise<Postgres> {
  return openChecked(options, async (db) => {
    const [made] = await db.query(`SELECT to_regclass('hub_schema') IS NOT NULL AS made`);
    const [row] = made?.['made'] === true ? await db.query('SELECT version FROM hub_schema') : [];
    const done = Number(row?.['version'] ?? 0);
    if (done > 0 && done < migrations.length) {
      const wayOut = 'name an empty database, or move the state with the version that made them';
      throw unfit(
        options.url,
        `the tables were made by an older version (${done} of ${migrations.length}); ${wayOut}`,
      );
    }
    if (makes || done > migrations.length) await migrate(db, options.url);
  });
}

async function openChecked(
  options: PostgresOptions,
  prepare: (db: Postgres) => Promise<void>,
): Promise<Postgres> {
  const db = openPostgres(options);
  try {
    await checkServer(db, options.url);
    await prepare(db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

function unfit(name: string, what: string): HubError {
  return new HubError('database-failed', `${name}: ${what}`, { details: { reason: 'unfit' } });
}

/** With half of a state the hub would not know its devices, and would send commands again. */
async function demandWhole(db: Postgres, name: string): Promise<void> {
  const [move] = await db.query('SELECT hub FROM state_move WHERE report IS NULL');
  if (move === undefined) return;
  const wayOut = 'run device-hub state migrate on its data folder to the end, or name another database';
  throw unfit(
    name,
    `the state of hub ${String(move['hub'])} is being moved there and is not complete; ${wayOut}`,
  );
}

/** An acknowledged commit must be on disk: https://www.postgresql.org/docs/15/runtime-config-wal.html */
async function checkServer(db: Postgres, name: string): Promise<void> {
  const [row] = await db.longQuery(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
            current_setting('full_page_writes') AS full_page_writes, pg_is_in_recovery() AS in_recovery,
            current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`,
  );
  const refused = (what: string): HubError => unfit(name, what);
  if (Number(row?.['version']) < oldestServer) throw refused('PostgreSQL 13 or newer is needed');
  if (row?.['in_recovery'] === true)
    throw refused(
      'this server is a standby, which takes no writes: name the address that leads to the primary',
    );
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit'] as const) {
    if (row?.[setting] === 'off')
      throw refused(
        `${setting} is off, so the server may lose what it has acknowledged: set ${setting} = on`,
      );
  }
  if (row?.['encoding'] !== 'UTF8') throw refused('the database is not in UTF8: make one with ENCODING UTF8');
}

async function migrate(db: Postgres, name: string): Promise<void> {
  await db.transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
    await query(
      'CREATE TABLE IF NOT EXISTS hub_schema (one boolean PRIMARY KEY CHECK (one), version int NOT NULL)',
    );
    const [row] = await query('SELECT version FROM hub_schema');
    const done = Number(row?.['version'] ?? 0);
    if (done > migrations.length) {
      const wayOut = 'start the newer device-hub, or name an empty database';
      throw unfit(
        name,
        `the tables were made by a newer version (${done}, this one knows ${migrations.length}); ${wayOut}`,
      );
    }
    for (const migration of migrations.slice(done)) await query(migration);
    if (done === migrations.length) return;
    await query(
      'INSERT INTO hub_schema (one, version) VALUES (true, $1) ON CONFLICT (one) DO UPDATE SET version = excluded.version',
      [migrations.length],
    );
  });
}

/**
 * Records a new start of the hub, and deletes the rows of hubs that have nothing left. Their last numbers stay: leases, commands and what
 * is retained on the broker still name them, so a hub that comes back after a long time goes on from its own.
 * @returns the number of the start: 1, 2, …
 */
export async function beginIncarnation(db: Postgres, hub: string, version: string): Promise<number> {
  const [row] = await db.longQuery(
    `WITH over AS (
       DELETE FROM hub h WHERE ended_at < now() - interval '1 day' AND id <> $1
         AND NOT EXISTS (SELECT 1 FROM device_state s WHERE s.hub = h.id AND s.inc = h.inc)
       RETURNING id, inc),
     remembered AS (
       INSERT INTO hub_last_start (id, inc) SELECT id, max(inc) FROM over GROUP BY id ORDER BY id
       ON CONFLICT (id) DO UPDATE SET inc = greatest(hub_last_start.inc, excluded.inc))
     INSERT INTO hub (id, inc, version)
     SELECT $1, coalesce(max(inc), 0) + 1, $2
       FROM (SELECT id, inc FROM hub UNION ALL SELECT id, inc FROM hub_last_start) AS starts WHERE id = $1
     RETURNING inc`,
    [hub, version],
  );
  return Number(row?.['inc']);
}
