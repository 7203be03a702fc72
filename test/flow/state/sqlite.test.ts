import assert from 'node:assert/strict';
import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { openDatabase, type Database, type DatabaseOptions } from '../../../hub/adapters/sqlite/sqlite.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const migrations = ['CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT'];
const insert = 'INSERT INTO entry (id, text) VALUES (?1, ?2)';

function folderOf(t: TestContext): string {
  const folder = temporaryFolder('sqlite');
  t.after(() => folder.remove());
  return folder.path;
}

async function open(t: TestContext, options: Partial<DatabaseOptions> = {}): Promise<Database> {
  const db = await openDatabase({ file: join(folderOf(t), 'test.db'), migrations, ...options });
  t.after(() => db.close());
  return db;
}

/** An operations module of the test's own: what runs in the worker thread cannot be a closure. */
function operationsIn(folder: string, source: string): URL {
  const file = join(folder, 'operations.mjs');
  writeFileSync(file, source);
  return new URL(`file://${file}`);
}

const failed = (reason: string) => (error: unknown) =>
  error instanceof HubError && error.code === 'database-failed' && error.details['reason'] === reason;

test('a transaction gives the rows of each statement and is on disk when it resolves', async (t) => {
  const file = join(folderOf(t), 'test.db');
  const db = await open(t, { file });
  const rows = await db.transaction([
    { sql: `${insert} RETURNING id`, params: [1, 'one'] },
    { sql: insert, params: [2, 'two'] },
    { sql: 'SELECT text FROM entry ORDER BY id' },
  ]);
  assert.deepEqual(rows, [[{ id: 1 }], [], [{ text: 'one' }, { text: 'two' }]]);
  const other = new DatabaseSync(file, { readOnly: true });
  assert.equal(other.prepare('SELECT count(*) AS n FROM entry').get()?.['n'], 2);
  assert.equal(other.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  other.close();
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a transaction is all or nothing, and a failing one leaves those it shares a commit with alone', async (t) => {
  const db = await open(t);
  const calls = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) =>
      db.transaction([
        { sql: insert, params: [index * 2, 'first'] },
        // Every tenth repeats a key of its own.
        { sql: insert, params: [index * 2 + (index % 10 === 9 ? 0 : 1), 'second'] },
      ]),
    ),
  );
  assert.equal(calls.filter(({ status }) => status === 'rejected').length, 5);
  const refused = calls[9];
  assert.ok(refused?.status === 'rejected' && failed('sqlite')(refused.reason));
  assert.equal((refused.reason as HubError).details['sqliteCode'], 1555, 'SQLITE_CONSTRAINT_PRIMARYKEY');
  assert.match(String((refused.reason as HubError).cause), /UNIQUE constraint failed: entry.id/);
  assert.deepEqual(await db.read('SELECT count(*) AS n FROM entry'), [{ n: 90 }]);
  assert.deepEqual(await db.read('SELECT id FROM entry WHERE id = ?1', [18]), []);
});

test('calls that wait together share one commit', async (t) => {
  const file = join(folderOf(t), 'test.db');
  const db = await open(t, { file });
  const watcher = new DatabaseSync(file, { readOnly: true });
  t.after(() => watcher.close());
  // A frame with a non-zero size in its header closes a commit <https://sqlite.org/fileformat2.html#walformat>.
  const before = statSync(`${file}-wal`).size;
  const first = db.transaction([{ sql: insert, params: [0, 'x'] }]);
  const rest = Array.from({ length: 400 }, (_, index) =>
    db.transaction([{ sql: insert, params: [index + 1, 'x'] }]),
  );
  await Promise.all([first, ...rest]);
  const frames = (statSync(`${file}-wal`).size - before) / (4096 + 24);
  assert.ok(frames < 100, `401 transactions wrote ${frames} pages`);
  assert.deepEqual(
    watcher.prepare('SELECT count(*) AS n FROM entry').get(),
    Object.assign(Object.create(null), { n: 401 }),
  );
});

test('a read sees the writes called before it', async (t) => {
  const db = await open(t);
  const written = db.transaction([{ sql: insert, params: [1, 'one'] }]);
  const read = db.read('SELECT text FROM entry');
  assert.deepEqual(await read, [{ text: 'one' }]);
  await written;
});

test('an operation runs inside the transaction; what it throws rolls back its own writes alone', async (t) => {
  const operations = operationsIn(
    folderOf(t),
    `export function put(db, { id, fail }) {
       db.prepare('INSERT INTO entry (id, text) VALUES (?1, ?2)').run(id, 'operation');
       if (fail) throw new Error('no luck with ' + id);
       return { id, rollbacks: db.rollbacks };
     }`,
  );
  const db = await open(t, { operations });
  const [one, two, three, none] = await Promise.allSettled([
    db.call('put', { id: 1 }),
    db.call('put', { id: 2, fail: true }),
    db.call('put', { id: 3 }),
    db.call('absent', {}),
  ]);
  assert.deepEqual(one, { status: 'fulfilled', value: { id: 1, rollbacks: 0 } });
  assert.ok(two.status === 'rejected' && failed('sqlite')(two.reason));
  assert.match(String(two.reason), /no luck with 2/);
  assert.deepEqual(three, { status: 'fulfilled', value: { id: 3, rollbacks: 1 } });
  assert.ok(none.status === 'rejected');
  assert.match(String(none.reason), /unknown operation absent/);
  assert.deepEqual(await db.read('SELECT id FROM entry'), [{ id: 1 }, { id: 3 }]);
});

test('beyond its bound the queue refuses at once and does nothing', async (t) => {
  const db = await open(t, { maxOutstanding: 10 });
  const calls = await Promise.allSettled(
    Array.from({ length: 15 }, (_, id) => db.transaction([{ sql: insert, params: [id, 'x'] }])),
  );
  const refused = calls.filter((call) => call.status === 'rejected');
  assert.equal(refused.length, 5);
  assert.ok(refused.every(({ reason }) => failed('queue-full')(reason)));
  assert.deepEqual(await db.read('SELECT count(*) AS n FROM entry'), [{ n: 10 }]);
});

test('what cannot be copied to the worker rejects its own call alone', async (t) => {
  const db = await open(t);
  const [before, uncopied, after] = await Promise.allSettled([
    db.transaction([{ sql: insert, params: [1, 'x'] }]),
    db.call('put', () => 'a function'),
    db.transaction([{ sql: insert, params: [2, 'x'] }]),
  ]);
  assert.ok(uncopied.status === 'rejected');
  assert.equal((uncopied.reason as Error).name, 'DataCloneError');
  assert.deepEqual([before.status, after.status], ['fulfilled', 'fulfilled']);
  assert.deepEqual(await db.read('SELECT count(*) AS n FROM entry'), [{ n: 2 }]);
});

test('migrations run once each, and a file of a newer version is left alone', async (t) => {
  const file = join(folderOf(t), 'test.db');
  const [first] = migrations as [string];
  const second = `INSERT INTO entry VALUES (1, 'migrated')`;
  await (await openDatabase({ file, migrations: [first] })).close();
  await (await openDatabase({ file, migrations: [first, second] })).close();
  const db = await openDatabase({ file, migrations: [first, second] });
  assert.deepEqual(await db.read('SELECT * FROM entry'), [{ id: 1, text: 'migrated' }]);
  await db.close();
  await assert.rejects(
    openDatabase({ file, migrations: [first] }),
    /made by a newer version \(2, this one knows 1\)/,
  );
  await assert.rejects(openDatabase({ file, migrations: [first, second, 'NO SQL'] }), failed('sqlite'));
  const after = await openDatabase({ file, migrations: [first, second] });
  assert.deepEqual(await after.read('PRAGMA user_version'), [{ user_version: 2 }]);
  await after.close();
});

test('the log of a quiet database is emptied into its file, so that a copy of the file alone is whole', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'test.db');
  const db = await open(t, { file });
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM entry').get();
  await db.transaction([{ sql: insert, params: [1, 'one'] }]);
  // While somebody reads, nobody waits: the next write is not held up, and the log is emptied afterwards.
  await waitFor(() => statSync(`${file}-wal`).size > 0, { what: 'the log has the row' });
  await db.transaction([{ sql: insert, params: [2, 'two'] }]);
  reader.close();
  await waitFor(() => statSync(`${file}-wal`).size === 0, { what: 'the log is empty' });
  const copy = join(folder, 'copy.db');
  copyFileSync(file, copy);
  const copied = new DatabaseSync(copy, { readOnly: true });
  assert.equal(copied.prepare('SELECT count(*) AS n FROM entry').get()?.['n'], 2);
  copied.close();
});

test('a file that is no database, or a folder that is not there, fails at open by its name', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'noise.db');
  writeFileSync(file, 'no database '.repeat(1000));
  await assert.rejects(openDatabase({ file, migrations }), (error) => {
    return failed('sqlite')(error) && String(error).includes(file) && /not a database/.test(String(error));
  });
  await assert.rejects(openDatabase({ file: join(folder, 'none', 'x.db'), migrations }), /ENOENT/);
});

test("another process's lock is waited for, then reported, and the next write goes through", async (t) => {
  const file = join(folderOf(t), 'test.db');
  const db = await open(t, { file, busyTimeoutMs: 50 });
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  await assert.rejects(db.transaction([{ sql: insert, params: [1, 'x'] }]), (error) => {
    return failed('sqlite')(error) && (error as HubError).details['sqliteCode'] === 5;
  });
  assert.deepEqual(await db.read('SELECT count(*) AS n FROM entry'), [{ n: 0 }], 'reads are not held up');
  other.exec('ROLLBACK');
  other.close();
  await db.transaction([{ sql: insert, params: [1, 'x'] }]);
});

test('a full disk fails the calls that met it and nothing else', async (t) => {
  const operations = operationsIn(
    folderOf(t),
    `export function limit(db, pages) { return db.prepare('PRAGMA max_page_count = ' + pages).get(); }`,
  );
  const db = await open(t, { operations });
  await db.transaction([{ sql: insert, params: [1, 'kept'] }]);
  await db.call('limit', 10);
  const big = 'x'.repeat(200_000);
  await assert.rejects(db.transaction([{ sql: insert, params: [2, big] }]), (error) => {
    return failed('sqlite')(error) && (error as HubError).details['sqliteCode'] === 13;
  });
  await db.call('limit', 1_000_000);
  await db.transaction([{ sql: insert, params: [2, big] }]);
  assert.deepEqual(await db.read('SELECT count(*) AS n FROM entry'), [{ n: 2 }]);
});

test('a worker that dies rejects everything outstanding and is reported once', async (t) => {
  const folder = folderOf(t);
  const operations = operationsIn(folder, `export function die() { process.exit(7); }`);
  const reports: HubError[] = [];
  const file = join(folder, 'test.db');
  const db = await openDatabase({ file, migrations, operations, onFailure: (error) => reports.push(error) });
  const calls = await Promise.allSettled([
    db.call('die', null),
    db.transaction([{ sql: insert, params: [1, 'x'] }]),
    db.read('SELECT 1'),
  ]);
  assert.ok(calls.every((call) => call.status === 'rejected' && failed('worker-died')(call.reason)));
  await assert.rejects(db.read('SELECT 1'), failed('worker-died'));
  assert.equal(reports.length, 1);
  assert.match(String(reports[0]), /worker ended with 7/);
  await db.close();
});

test('close waits for what is under way, refuses what comes after, and leaves one file', async (t) => {
  const file = join(folderOf(t), 'test.db');
  const reports: HubError[] = [];
  const db = await openDatabase({ file, migrations, onFailure: (error) => reports.push(error) });
  const writes = Array.from({ length: 200 }, (_, id) => db.transaction([{ sql: insert, params: [id, 'x'] }]));
  const closed = db.close();
  await assert.rejects(db.read('SELECT 1'), failed('closed'));
  await Promise.all(writes);
  await closed;
  await db.close();
  assert.deepEqual(reports, []);
  assert.throws(() => statSync(`${file}-wal`), /ENOENT/);
  const again = new DatabaseSync(file, { readOnly: true });
  assert.equal(again.prepare('SELECT count(*) AS n FROM entry').get()?.['n'], 200);
  again.close();
});
