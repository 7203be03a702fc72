import { HubError } from '../../kernel/errors.ts';
import { openPostgres, type Postgres, type PostgresOptions } from './postgres.ts';
import { postgresFunctions } from './postgres-functions.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import { postgresMigrations } from './postgres-tables.ts';

/** Each runs once; a database remembers how many have. */
const migrations: readonly string[] = [...postgresMigrations, ...postgresFunctions];
/** Of the lock under which the tables are made: any number that nobody else takes. */
const migrationLock = 4_815_162_342;
const oldestServer = 130_000;

/**
 * Opens the state that hubs keep in PostgreSQL, and makes or extends its tables.
 * @throws HubError `database-failed`: it is not reached, does not keep what it commits, or was made by a newer version
 */
export async function openPostgresState(options: PostgresOptions): Promise<Postgres> {
  const db = openPostgres(options);
  try {
    await checkServer(db, options.url);
    await migrate(db, options.url);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** What was acknowledged must be on disk: https://www.postgresql.org/docs/15/runtime-config-wal.html */
async function checkServer(db: Postgres, name: string): Promise<void> {
  const [row] = await db.query(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
            current_setting('full_page_writes') AS full_page_writes, pg_is_in_recovery() AS in_recovery,
            current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`,
  );
  const refused = (what: string): HubError =>
    new HubError('database-failed', `${name}: ${what}`, { details: { reason: 'unfit' } });
  if (Number(row?.['version']) < oldestServer) throw refused('PostgreSQL 13 or newer is needed');
  if (row?.['in_recovery'] === true)
    throw refused(
      'this server is a standby, which takes no writes: name the address that leads to the primary',
    );
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit'] as const) {
    if (row?.[setting] === 'off')
      throw refused(`${setting} is off, so that it forgets what it has acknowledged: set ${setting} = on`);
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
      const note = `${name}: the tables were made by a newer version (${done}, this one knows ${migrations.length}); ${wayOut}`;
      throw new HubError('database-failed', note, { details: { reason: 'unfit' } });
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
 * A new start of the hub. Earlier ones of the same name are over, because they had the same data folder.
 * @returns its number: 1, 2, …
 */
export async function beginIncarnation(db: Postgres, hub: string, version: string): Promise<number> {
  const [row] = await db.query(
    `WITH over AS (UPDATE hub SET state = 'dead' WHERE id = $1 AND state IN ('up', 'draining'))
     INSERT INTO hub (id, inc, version) SELECT $1, coalesce(max(inc), 0) + 1, $2 FROM hub WHERE id = $1 RETURNING inc`,
    [hub, version],
  );
  return Number(row?.['inc']);
}

/** Takes over what earlier starts have left: devices, and commands that are open or whose answer is owed. */
export async function takeOverRest(db: Postgres, { hub, inc }: PostgresOwner): Promise<void> {
  await db.transaction(async (query) => {
    const values = [hub, inc];
    await query(
      'UPDATE device_state SET hub = $1, inc = $2 WHERE hub IS NOT NULL AND (hub, inc) IS DISTINCT FROM ($1, $2::bigint)',
      values,
    );
    await query(
      `UPDATE command SET hub = $1, inc = $2, moves = moves + 1
        WHERE (NOT final OR owed) AND (hub, inc) IS DISTINCT FROM ($1, $2::bigint)`,
      values,
    );
  });
}
