import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { spawnGuarded, temporaryFolder } from '../../helpers/services/guard.ts';
import { basic } from '../../helpers/devices/raw-http.ts';
import { startScriptedHub } from '../../helpers/hubs/scripted-hub.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** As long as the hub's own. */
const two = 'two-'.repeat(8);
const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

async function simulate(t: TestContext, url: string, args: readonly string[]) {
  const child = await spawnGuarded(process.execPath, [
    'device-sim/main.ts',
    'device',
    '--url',
    url,
    '--id',
    'd-1',
    // Of this seed the first wait before a reconnect is a short one.
    '--seed',
    '5',
    ...args,
  ]);
  t.after(() => child.end('SIGKILL'));
  return child;
}

function newFile(t: TestContext): string {
  const folder = temporaryFolder('secret');
  t.after(() => folder.remove());
  return join(folder.path, 'deep', 'd-1.secret');
}

test('a simulated device keeps a rotated secret in its file, and begins with it the next time', async (t) => {
  const hub = await startScriptedHub(t);
  const file = newFile(t);
  const first = await simulate(t, hub.url, ['--secret', 'one', '--secret-file', file]);
  const before = await hub.session();
  assert.equal(before.authorization, basic('d-1', 'one'));
  await before.welcome();
  before.send({ type: 'credential', id: 'c', secret: two });
  const offered = await hub.session();
  assert.equal(offered.authorization, basic('d-1', two));
  assert.deepEqual(
    JSON.parse(read(file)),
    { given: 'one', secret: 'one', next: two },
    'both, until one is proven',
  );
  await offered.welcome();
  const kept = (): { secret: string; next?: string } => JSON.parse(read(file)) as never;
  await waitFor(() => kept().secret === two && kept().next === undefined, {
    what: 'the old secret is given up',
  });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await first.end('SIGKILL');

  await simulate(t, hub.url, ['--secret-file', file]);
  assert.equal((await hub.session()).authorization, basic('d-1', two));
});

test('a secret file that is missing, is open to others or is none ends the simulator with what to do', async (t) => {
  const file = newFile(t);
  const begin = async (...args: string[]): Promise<string> => {
    const child = await simulate(t, 'ws://127.0.0.1:9/v1/device', args);
    assert.equal((await child.exited).code, 2);
    return child.output();
  };
  assert.match(await begin(), /give --secret, or a --secret-file that contains one/);
  assert.match(await begin('--secret-file', file), /does not exist yet: also give --secret/);
  const open = join(file, '..', '..', 'open');
  writeFileSync(open, '{"secret":"s3cret"}');
  chmodSync(open, 0o640);
  assert.match(await begin('--secret-file', open), /other users may read or write it; run chmod 600/);
  chmodSync(open, 0o600);
  writeFileSync(open, 's3cret');
  const output = await begin('--secret-file', open);
  assert.match(output, /it is not \{"secret"/);
  assert.ok(!output.includes('s3cret'));
});
