import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { createMoveTarget } from '../../../hub/adapters/postgres/postgres-move-target.ts';
import { openMoveDatabase, openPostgresState } from '../../../hub/adapters/postgres/postgres-state.ts';
import { movedTables } from '../../../hub/adapters/rows/moved-tables.ts';
import { lockDataDir } from '../../../hub/adapters/sqlite/data-dir.ts';
import { createMoveSource } from '../../../hub/adapters/sqlite/sqlite-move-source.ts';
import { openDatabase } from '../../../hub/adapters/sqlite/sqlite.ts';
import { openStateDatabase, stateMigrations } from '../../../hub/adapters/sqlite/state-database.ts';
import { moveState, type MoveTarget } from '../../../hub/admin/state-move.ts';
import { firstSqliteStores, sqliteStores } from '../../../hub/wiring/state/sqlite-stores.ts';
import type { MoveReport } from '../../../schemas/state-move.ts';
import { dataFolder, runCommand, type CliRun } from '../../helpers/cli.ts';
import { startPostgres, type PostgresServer } from '../../helpers/services/postgres.ts';
import { runHub } from '../../helpers/services/process.ts';
import { contentOf, fillState } from '../../helpers/stores/full-state.ts';
import { entries, postgresStart } from '../../helpers/stores/store-kinds.ts';
import { storedDevice } from '../../helpers/stores/stored-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';

let postgres: PostgresServer;
before(async () => (postgres = await startPostgres()));
after(() => postgres?.close());

let schemas = 0;

async function filled(file: string, more: number): Promise<{ hub: string; content: unknown }> {
  const db = await openStateDatabase(file);
  try {
    const { audit, identity } = firstSqliteStores(db);
    const stores = sqliteStores(db, entries);
    await identity.nextIncarnation();
    await fillState(stores, audit, more);
    return { hub: await identity.hubId(), content: await contentOf(stores, audit) };
  } finally {
    await db.close();
  }
}

/** A data folder with something of everything, and an empty database. @param more rows, so that tables have several pages */
async function startLab(t: TestContext, more = 10) {
  const dataDir = dataFolder(t);
  const file = join(dataDir, 'state.db');
  const { hub, content } = await filled(file, more);
  const schema = `move_${(schemas += 1)}`;
  const options = { url: postgres.url(schema), username: postgres.username, connections: 4 };
  const env = {
    HUB_DATA_DIR: dataDir,
    HUB_TLS: 'off',
    HUB_DEVICE_LISTEN: '127.0.0.1:0',
    HUB_STATE_URL: options.url,
    HUB_STATE_USERNAME: options.username,
    HUB_MQTT_URL: 'mqtt://127.0.0.1:9',
    HUB_INFLUX_URL: 'http://127.0.0.1:9',
  };
  return {
    dataDir,
    file,
    env,
    hub,
    options,
    content,
    /** Runs SQL on the tables of this database. */
    sql: (text: string): string =>
      postgres
        .sql(`SET search_path = ${schema}; ${text}`)
        .replace(/^SET\n/, '')
        .trim(),
    migrate: (...args: string[]): Promise<CliRun> =>
      runCommand(['state', 'migrate', ...args], dataDir, { env }),
    /** What a hub finds there that starts on PostgreSQL. */
    async moved(): Promise<unknown> {
      const target = await openPostgresState(options);
      try {
        const started = await postgresStart(target, hub);
        return await contentOf(started.stores, started.first.audit);
      } finally {
        await target.close();
      }
    },
  };
}

type Lab = Awaited<ReturnType<typeof startLab>>;

/** One move in this process, with a target of the test's own making. */
async function moveOnce(lab: Lab, faulty: (target: MoveTarget) => MoveTarget): Promise<MoveReport> {
  const state = await openStateDatabase(lab.file);
  const db = await openMoveDatabase(lab.options, true);
  try {
    const source = await createMoveSource(state);
    const target = faulty(createMoveTarget(db, lab.options.url));
    return await moveState({ source, target, progress: () => undefined });
  } finally {
    await Promise.all([state.close(), db.close()]);
  }
}

function reportOf(run: CliRun): MoveReport & { dryRun: boolean } {
  assert.equal(run.code, 0, run.err);
  return JSON.parse(run.out) as MoveReport & { dryRun: boolean };
}

test('every table and column of a state is moved, but for what belongs to the hubs that run', async (t) => {
  const lab = await startLab(t);
  const target = await openPostgresState(lab.options);
  t.after(() => target.close());
  const rows = await target.query(
    `SELECT table_name, column_name FROM information_schema.columns
      WHERE table_schema = current_schema() AND is_generated = 'NEVER' ORDER BY 1, 2`,
  );
  const there = rows.map((row) => `${String(row['table_name'])}.${String(row['column_name'])}`);
  const moved = new Set(
    movedTables.flatMap(({ name, columns }) => Object.keys(columns).map((each) => `${name}.${each}`)),
  );
  assert.deepEqual(
    there.filter(
      (each) =>
        !moved.has(each) &&
        !/^(hub|hub_last_start|hub_schema|lease|device_change|alarm_change|device_type|device_type_rev|spool|spool_owner|dead_letter|state_move|state_move_table|epoch_floor)\./.test(
          each,
        ),
    ),
    [
      'alarm.rev',
      'command.hub',
      'command.inc',
      'command.moves',
      'device_state.hub',
      'device_state.inc',
      'group_command.hub',
      'group_command.inc',
      'incident.hub',
      'incident.inc',
      'webhook_delivery.hub',
      'webhook_delivery.inc',
    ],
  );
  const db = await openStateDatabase(lab.file);
  t.after(() => db.close());
  const tables = await db.read(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
  );
  assert.deepEqual(
    tables
      .map(({ name }) => String(name))
      .filter((name) => !movedTables.some((table) => table.name === name))
      .toSorted(),
    ['audit_held', 'device_epoch', 'hub', 'presence'],
    'the latter three are in device_state and hub',
  );
});

test('a state is the same in PostgreSQL, although the move dies after each of its steps', async (t) => {
  const lab = await startLab(t, 2_100);
  let died = 0;
  for (let steps = 1; ; steps += 1) {
    let left = 1;
    const step = async (run: Promise<void>): Promise<void> => {
      await run;
      if ((left -= 1) <= 0) throw new Error('died');
    };
    const run = moveOnce(lab, (target) => ({
      ...target,
      begin: (hub) => step(target.begin(hub)),
      write: (...args) => step(target.write(...args)),
      clear: (table) => step(target.clear(table)),
    }));
    const report = await run.catch((error: unknown) => error);
    if (!(report instanceof Error)) break;
    assert.equal(report.message, 'died');
    await assert.rejects(
      openPostgresState(lab.options),
      /is being moved there and is not complete; run device-hub state migrate/,
    );
    died = steps;
  }
  assert.ok(died > 40, `it died ${died} times`);
  const finished = reportOf(await lab.migrate('--json'));
  assert.equal(finished.begins, 'finished', 'what was left was to set the file aside');
  assert.deepEqual([existsSync(lab.file), existsSync(join(lab.dataDir, 'state-moved.db'))], [false, true]);
  assert.deepEqual(await lab.moved(), lab.content);
});

test('a move that is killed goes on where it was, says so, and compares every table', async (t) => {
  const lab = await startLab(t, 5_000);
  const { dataDir, env } = lab;
  const begun = `SELECT count(*) FROM state_move_table`;
  for (const tables of [1, 16, 36]) {
    const reached = waitFor(() => Number(safely(() => lab.sql(begun))) >= tables, {
      what: `${tables} tables begun`,
      timeoutMs: 60_000,
    });
    const run = await runHub(['state', 'migrate'], { dataDir, env, killed: reached });
    assert.equal(run.code, null, `it was killed: ${run.stderr}`);
    assert.equal(lab.sql('SELECT count(*) FROM state_move WHERE report IS NULL'), '1');
  }
  const report = reportOf(await lab.migrate('--json'));
  assert.equal(report.begins, 'resumed');
  assert.equal(report.tables.length, movedTables.length);
  for (const { sha256 } of report.tables) assert.match(sha256 ?? '', /^[\da-f]{64}$/);
  const { audit } = lab.content as { audit: unknown[] };
  assert.equal(report.tables.find(({ name }) => name === 'audit')?.rows, audit.length);
  assert.deepEqual(await lab.moved(), lab.content);
});

function safely(run: () => string): string {
  try {
    return run();
  } catch {
    return '0';
  }
}

test('what was changed in the data folder between two runs is found by the comparison, and moved', async (t) => {
  const lab = await startLab(t);
  await assert.rejects(
    moveOnce(lab, (target) => ({
      ...target,
      write: async (...args) => {
        await target.write(...args);
        if (args[1] === 'audit') throw new Error('died');
      },
    })),
  );
  const db = await openStateDatabase(lab.file);
  const { devices } = sqliteStores(db, entries);
  const known = (await devices.load()).find(({ id }) => id === 'a');
  assert.ok(known);
  await devices.change(known, (now) => ({ ...now, labels: { floor: '9' } }));
  await db.close();
  assert.equal(reportOf(await lab.migrate('--json')).begins, 'resumed');
  assert.equal(lab.sql(`SELECT labels FROM device WHERE id = 'a'`), '{"floor":"9"}');
});

test('a row that PostgreSQL does not have as it was written is no success', async (t) => {
  const lab = await startLab(t);
  const other = (target: MoveTarget): MoveTarget => ({
    ...target,
    read: (table, each) => target.read(table, (row) => each(table === 'twin' ? row.toReversed() : row)),
  });
  await assert.rejects(
    moveOnce(lab, other),
    /table twin is not the same on both sides: 3 rows in the data folder, 3 in/,
  );
  await assert.rejects(openPostgresState(lab.options), /is not complete/);
});

test('a data folder whose hub has started since the move began is moved from the beginning', async (t) => {
  const lab = await startLab(t);
  const dies = (target: MoveTarget): MoveTarget => ({
    ...target,
    finish: () => Promise.reject(new Error('died')),
  });
  await assert.rejects(moveOnce(lab, dies));
  const db = await openStateDatabase(lab.file);
  await firstSqliteStores(db).identity.nextIncarnation();
  await sqliteStores(db, entries).devices.remove('never');
  await db.close();
  assert.equal(reportOf(await lab.migrate('--json')).begins, 'new');
  assert.equal(lab.sql(`SELECT count(*) FROM device WHERE id = 'never'`), '0');
});

test('a dry run counts what would be moved, and writes nothing to PostgreSQL', async (t) => {
  const lab = await startLab(t);
  const run = await lab.migrate('--dry-run');
  assert.equal(run.code, 0, run.err);
  assert.match(run.out, /^device: 6$/m);
  assert.match(run.out, /would be moved; nothing was written/);
  assert.equal(
    lab.sql('SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()'),
    '0',
  );
  assert.ok(existsSync(lab.file));
  const report = reportOf(await lab.migrate('--dry-run', '--json'));
  assert.deepEqual([report.dryRun, report.begins, report.hub], [true, 'new', lab.hub]);
});

test('a second move says where the state is, and an embedded hub does not start on what is left', async (t) => {
  const lab = await startLab(t);
  const run = await lab.migrate();
  assert.match(run.out, /rows of \d+ tables: moved and compared\nstart the hub with the same HUB_STATE_URL/);
  assert.match((await lab.migrate()).err, /has been moved already.*start the hub with HUB_STATE_URL/);
  assert.throws(() => lockDataDir(lab.dataDir), /its state was moved to PostgreSQL: give HUB_STATE_URL/);
  lockDataDir(lab.dataDir, 'elsewhere').release();
});

test('a running hub, another state, and tables of another version are refused with the way out', async (t) => {
  const lab = await startLab(t);
  const refusal = async (wanted: RegExp): Promise<void> => {
    const run = await lab.migrate();
    assert.notEqual(run.code, 0);
    assert.match(run.err, wanted);
    assert.ok(existsSync(lab.file), 'the data folder is as it was');
  };
  const lock = lockDataDir(lab.dataDir);
  await refusal(/another hub uses this data folder/);
  lock.release();

  const used = await openPostgresState(lab.options);
  const { stores } = await postgresStart(used, 'hub-9');
  await stores.devices.add([storedDevice('x')]);
  await used.close();
  await refusal(/holds the state of hub hub-9; name an empty database/);
  lab.sql('UPDATE hub_schema SET version = version - 1');
  await refusal(/made by an older version \(\d+ of \d+\); name an empty database/);
  lab.sql('UPDATE hub_schema SET version = 999');
  await refusal(/made by a newer version \(999/);

  const older = await startLab(t);
  await rewrite(older.file, stateMigrations.length - 1);
  assert.match(
    (await older.migrate()).err,
    /of an older version.*start this version of device-hub on it once/,
  );
  await rewrite(older.file, 999);
  assert.match((await older.migrate()).err, /made by a newer version \(999/);
  const { HUB_STATE_URL: _, ...embedded } = older.env;
  const nowhere = await runCommand(['state', 'migrate'], older.dataDir, { env: embedded });
  assert.match(nowhere.err, /HUB_STATE_URL must be the PostgreSQL database that gets the state/);
});

/** Gives the file the number of a version, and nothing else of it. */
async function rewrite(file: string, version: number): Promise<void> {
  const db = await openDatabase({ file, migrations: Array.from({ length: 999 }, () => '') });
  await db.close();
  const { DatabaseSync } = await import('node:sqlite');
  const raw = new DatabaseSync(file);
  raw.exec(`PRAGMA user_version = ${version}`);
  raw.close();
}

test('two states that have both been used since the move are not joined', async (t) => {
  const lab = await startLab(t);
  await moveOnce(lab, (target) => target);
  const db = await openStateDatabase(lab.file);
  await firstSqliteStores(db).identity.nextIncarnation();
  await db.close();
  const target = await openPostgresState(lab.options);
  await postgresStart(target, lab.hub);
  await target.close();
  const run = await lab.migrate();
  assert.match(run.err, /they are two states by now; start the hub on the one that you trust/);
});

test('a device that is registered again after the move goes on from the epoch that it had', async (t) => {
  const lab = await startLab(t);
  const db = await openStateDatabase(lab.file);
  await db.transaction([{ sql: 'UPDATE hub SET epoch_floor = 1000' }]);
  await db.close();
  reportOf(await lab.migrate('--json'));
  const target = await openPostgresState(lab.options);
  t.after(() => target.close());
  const { stores } = await postgresStart(target, lab.hub);
  const epochs = await stores.devices.add([storedDevice('gone'), storedDevice('unheard-of')]);
  assert.deepEqual(Object.fromEntries(epochs), { gone: 3, 'unheard-of': 1001 });
});
