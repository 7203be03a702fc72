import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, truncateSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { awaitDataDir, lockDataDir, lockUsedDataDir } from '../../../hub/adapters/sqlite/data-dir.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

function folderOf(t: TestContext): string {
  const folder = temporaryFolder('data-dir');
  t.after(() => folder.remove());
  return folder.path;
}

test('a data folder has one hub; the lock goes with its process, however that ends', async (t) => {
  const dir = join(folderOf(t), 'made', 'by', 'the', 'lock');
  const taken = (error: unknown): boolean => error instanceof HubError && error.code === 'data-dir-in-use';
  const lock = lockDataDir(dir);
  assert.throws(() => lockDataDir(dir), taken);
  lock.release();
  lock.release();

  const module = new URL('../../../hub/adapters/sqlite/data-dir.ts', import.meta.url).href;
  const script = `import { lockDataDir } from ${JSON.stringify(module)};
    globalThis.held = lockDataDir(${JSON.stringify(dir)}); process.stdout.write('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.throws(() => lockDataDir(dir), taken);
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockDataDir(dir).release();
});

test('a hub that starts waits for a command line that has the data folder, and not for another hub', async (t) => {
  const dir = folderOf(t);
  const clock = new ManualClock();
  const commandLine = lockDataDir(dir);
  const waiting = awaitDataDir(dir, clock);
  await clock.advanceAsync(1_000);
  commandLine.release();
  await clock.advanceAsync(50);
  const hub = await waiting;
  const refused = assert.rejects(awaitDataDir(dir, clock), { code: 'data-dir-in-use' });
  await clock.advanceAsync(2_100);
  await refused;
  hub.release();
});

test('a data folder that is no folder is refused with that reason', (t) => {
  const file = join(folderOf(t), 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below'), '/dev/null'])
    assert.throws(() => lockDataDir(path), { code: 'data-dir-invalid', message: /: it is not a folder$/ });
});

test('a folder below /proc is refused with its reason, and the process does not hang', () => {
  assert.throws(() => lockDataDir('/proc/x/y'), {
    code: 'data-dir-invalid',
    message: /\/proc\/x\/y: ENOENT/,
  });
});

test('a used folder without its state.db is refused: a hub there would have no devices and an open first login', (t) => {
  for (const trace of ['spool.db', 'metrics.db', 'tls']) {
    const dir = folderOf(t);
    if (trace === 'tls') mkdirSync(join(dir, trace));
    else writeFileSync(join(dir, trace), 'x');
    const refused = {
      code: 'data-dir-invalid',
      message: new RegExp(`${trace} is there.*state\\.db is missing or empty; restore state\\.db`),
    };
    assert.throws(() => lockDataDir(dir), refused);
    writeFileSync(join(dir, 'state.db'), 'SQLite format 3');
    lockDataDir(dir).release();
    truncateSync(join(dir, 'state.db'));
    assert.throws(() => lockDataDir(dir), refused);
    rmSync(join(dir, 'state.db'));
    assert.throws(() => lockDataDir(dir), refused);
  }
});

test('a command on a folder that no hub has used makes nothing there; one that is being made is waited for', (t) => {
  const dir = join(folderOf(t), 'mistyped');
  assert.throws(() => lockUsedDataDir(dir), {
    code: 'data-dir-invalid',
    message: /no hub has used this folder/,
  });
  assert.equal(existsSync(dir), false);
  const starting = lockDataDir(dir);
  assert.throws(() => lockUsedDataDir(dir), { code: 'data-dir-in-use' });
  writeFileSync(join(dir, 'state.db'), 'SQLite format 3');
  starting.release();
  lockUsedDataDir(dir).release();
});
