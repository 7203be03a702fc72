import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../helpers/services/guard.ts';

const mainFile = fileURLToPath(new URL('../../../hub/main.ts', import.meta.url));
const devices = 10_000;

test('a reader slower than the command line gets every secret that is shown this once', async (t) => {
  const folder = temporaryFolder('slow-reader');
  t.after(() => folder.remove());
  const args = ['device', 'add', '--count', String(devices), '--prefix', 'd-', '--type', 'env-sensor@1'];
  const child = spawn(process.execPath, [mainFile, ...args, '--json'], {
    env: { ...process.env, HUB_DATA_DIR: folder.path },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  // Nothing is read while this loop is blocked: what the pipe does not hold stays with the writer.
  await once(child.stdout, 'readable');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code] = (await closed) as [number | null];
  assert.equal(code, 0);
  const ids = text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  assert.equal(ids.length, devices);
});
