import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openDatabase } from '../../../hub/adapters/sqlite/sqlite.ts';
import type { WorkerSetup } from '../../../hub/adapters/sqlite/sqlite-protocol.ts';
import { startWaitsMs } from '../../../hub/adapters/sqlite/worker-start.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const migrations = ['CREATE TABLE entry (id INTEGER PRIMARY KEY) STRICT'];
const worker = new URL('../../../hub/adapters/sqlite/sqlite-worker.ts', import.meta.url);
const [firstWaitMs = 0] = startWaitsMs;

const thread = (setup: WorkerSetup): Worker =>
  new Worker(worker, { workerData: setup, transferList: [setup.port] });

/** Runs, and says nothing: what the hub sees of a thread that never comes up. */
const silentThread = (setup: WorkerSetup): Worker =>
  new Worker('setInterval(() => {}, 1000)', { eval: true, workerData: setup, transferList: [setup.port] });

const runningThread = (setup: WorkerSetup, running: Int32Array): Worker =>
  new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     parentPort.postMessage('running');
     Atomics.wait(workerData.running, 0, 0);
     parentPort.postMessage({ fault: { message: 'it was slow' } });`,
    { eval: true, workerData: { ...setup, running }, transferList: [setup.port] },
  );

function setUp(t: TestContext, threads: ((setup: WorkerSetup) => Worker)[]) {
  const folder = temporaryFolder('worker-start');
  const clock = new ManualClock();
  const started: Worker[] = [];
  const warned: unknown[] = [];
  const file = join(folder.path, 'test.db');
  const opened = openDatabase({
    file,
    migrations,
    clock,
    log: Object.assign(Object.create(silentLog) as typeof silentLog, {
      warn: (details: unknown) => warned.push(details),
    }),
    startThread: (setup) => {
      const next = (threads[started.length] ?? silentThread)(setup);
      started.push(next);
      return next;
    },
  });
  t.after(async () => {
    await Promise.all(started.map((each) => each.terminate()));
    folder.remove();
  });
  return { clock, started, warned, file, opened };
}

test('a database thread that never comes up is ended, and another one opens the file', async (t) => {
  const { clock, started, warned, file, opened } = setUp(t, [silentThread, thread]);
  clock.advance(firstWaitMs - 1);
  assert.equal(started.length, 1);
  clock.advance(1);
  const database = await opened;
  assert.equal(started.length, 2);
  assert.deepEqual(warned, [{ file, withinMs: firstWaitMs }]);
  await database.transaction([{ sql: 'INSERT INTO entry (id) VALUES (1)' }]);
  assert.deepEqual(await database.read('SELECT id FROM entry'), [{ id: 1 }]);
  await database.close();
  await waitFor(() => started[0]?.threadId === -1, { what: 'the silent thread has ended' });
  assert.equal(clock.pending, 0);
});

test('when no thread comes up, the open fails by the name of the file', async (t) => {
  const { clock, started, file, opened } = setUp(t, []);
  let fault: unknown;
  opened.catch((error: unknown) => (fault = error));
  for (const [index, waitMs] of startWaitsMs.entries()) {
    await waitFor(() => started.length === index + 1, { what: `attempt ${index + 1}` });
    clock.advance(waitMs);
  }
  await waitFor(() => fault !== undefined, { what: 'the open fails' });
  assert.ok(fault instanceof HubError && fault.code === 'database-failed');
  assert.ok(String(fault).includes(`${file}: no thread started within 10, 20, 30 s to open the file`));
  assert.equal(started.length, 3);
  await waitFor(() => started.every(({ threadId }) => threadId === -1), { what: 'all threads have ended' });
});

test('a thread that runs may take as long as it needs, for a long migration', async (t) => {
  const running = new Int32Array(new SharedArrayBuffer(4));
  const { clock, started, opened } = setUp(t, [(setup) => runningThread(setup, running)]);
  let fault: unknown;
  opened.catch((error: unknown) => (fault = error));
  await waitFor(() => clock.pending === 0, { what: 'it runs' });
  clock.advance(3_600_000);
  Atomics.store(running, 0, 1);
  Atomics.notify(running, 0);
  await waitFor(() => fault !== undefined, { what: 'its answer' });
  assert.match(String(fault), /it was slow/);
  assert.equal(started.length, 1);
});

test('a thread that ends before it says anything fails the open at once', async (t) => {
  const { opened } = setUp(t, [() => new Worker('process.exit(3)', { eval: true })]);
  await assert.rejects(opened, /test\.db: the worker ended with 3/);
});
