import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../../helpers/cli.ts';
import { spawnGuarded, temporaryFolder } from '../../helpers/services/guard.ts';
import { waitFor } from '../../helpers/wait-for.ts';

async function runDemo(
  t: TestContext,
  folder: string,
  env: Record<string, string> = {},
  args: string[] = [],
) {
  const child = await spawnGuarded(process.execPath, ['device-sim/demo/demo.ts', ...args], {
    ...process.env,
    HUB_DATA_DIR: folder,
    HUB_DEVICE_LISTEN: '127.0.0.1:0',
    HUB_ADMIN_LISTEN: '127.0.0.1:0',
    HUB_BROKER_LISTEN: '127.0.0.1:0',
    ...env,
  });
  t.after(() => child.end('SIGTERM'));
  return child;
}

function newFolder(t: TestContext): string {
  const folder = temporaryFolder('demo');
  t.after(() => folder.remove());
  return join(folder.path, 'data');
}

test('the demo brings up a hub and 25 devices, shows their numbers, and comes back with the same devices', async (t) => {
  const folder = newFolder(t);
  const first = await runDemo(t, folder);
  await waitFor(() => /devices online 25\/25/.test(first.output()), {
    what: '25 devices are online',
    timeoutMs: 30_000,
  });
  assert.match(first.output(), /wss:\/\/[^\n]+\/v1\/device/);
  assert.match(
    first.output(),
    /mosquitto_pub -h 127\.0\.0\.1 -p \d+ -q 1 -t hub\/v1\/command\/valve-1\/set-position/,
  );
  const list = () => runCommand(['rollout', 'list', '--json'], folder);
  const { out } = await waitFor(async () => ((await list()).out === '' ? undefined : list()), {
    what: 'a rollout is under way',
    timeoutMs: 30_000,
  });
  const rollout = JSON.parse(out) as { status: string; targets: number };
  assert.deepEqual([rollout.status, rollout.targets], ['running', 20]);
  assert.match((await runCommand(['twin', 'list', '--state', 'refused'], folder)).out, /env-2/);
  assert.deepEqual(await first.end('SIGINT'), { code: 0, signal: null });
  assert.match(first.output(), /\d+ acked as stored, 0 rejected/);
  const file = join(folder, 'demo-devices.jsonl');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const devices = readFileSync(file, 'utf8');
  assert.equal(devices.trim().split('\n').length, 25);
  const second = await runDemo(t, folder, {}, ['--duration', '6']);
  assert.deepEqual(await second.exited, { code: 0, signal: null });
  assert.match(second.output(), /devices online 25\/25/);
  assert.equal(readFileSync(file, 'utf8'), devices);
});

test('a taken address is told with the way out', async (t) => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  t.after(() => squatter.close());
  const address = squatter.address();
  assert.ok(typeof address === 'object' && address !== null);
  const demo = await runDemo(t, newFolder(t), { HUB_ADMIN_LISTEN: `127.0.0.1:${address.port}` });
  assert.equal((await demo.exited).code, 1);
  assert.match(demo.output(), /address is in use/);
  assert.match(demo.output(), /npm run demo -- --port-base 9443/);
});

test('a demo that is killed leaves no hub behind', async (t) => {
  const demo = await runDemo(t, newFolder(t));
  await waitFor(() => /Press Ctrl-C to stop/.test(demo.output()), {
    what: 'the hub is up',
    timeoutMs: 30_000,
  });
  const admin = /health +(http:\S+)\/readyz/.exec(demo.output())?.[1];
  assert.ok(admin !== undefined);
  assert.equal((await fetch(`${admin}/livez`)).ok, true);
  await demo.end('SIGKILL');
  await waitFor(
    async () =>
      !(await fetch(`${admin}/livez`).then(
        ({ ok }) => ok,
        () => false,
      )),
    {
      what: 'the hub is gone',
      timeoutMs: 15_000,
      everyMs: 50,
    },
  );
});
