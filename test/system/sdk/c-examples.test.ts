import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { buildExample, buildReadme } from '../../helpers/sdk/c-example.ts';
import { spawnGuarded, type GuardedChild } from '../../helpers/services/guard.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The examples of the C SDK, under the sanitizers, on a real hub with its own store. */

const folder = mkdtempSync(join(tmpdir(), 'sdk-c-examples-'));
let hub: HubProcess;

before(async () => {
  hub = await spawnHub();
});

after(async () => {
  await hub?.close();
  rmSync(folder, { recursive: true });
});

interface Reading {
  fields: Record<string, unknown>;
}

async function add(id: string, type: string): Promise<string> {
  const { stdout } = await hub.cli(['device', 'add', id, '--type', type, '--json']);
  return (JSON.parse(stdout) as { secret: string }).secret;
}

function environment(id: string, secret: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HUB_URL: hub.deviceUrl,
    HUB_CA: join(hub.dataDir, 'tls', 'ca.crt'),
    HUB_DEVICE_ID: id,
    HUB_DEVICE_SECRET: secret,
    HUB_DEVICE_STATE: join(folder, `${id}-state`),
  };
}

async function start(t: TestContext, program: string, env: NodeJS.ProcessEnv): Promise<GuardedChild> {
  const child = await spawnGuarded(program, [], env, folder);
  t.after(() => child.end('SIGKILL'));
  return child;
}

/** The readings of a stream, once there are so many. */
function readings(device: string, stream: string, count: number): Promise<Reading[]> {
  return waitFor(
    async () => {
      const { stdout } = await hub.cli(['readings', device, stream, '--json']);
      const rows = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Reading);
      return rows.length >= count ? rows : undefined;
    },
    { what: `${count} readings of ${device}`, timeoutMs: 15_000, everyMs: 200 },
  );
}

test('the code of the README, compiled as it says, gets its first readings stored, in at most 40 lines', async (t) => {
  const secret = await add('d-1', 'env-sensor@1');
  const { port } = new URL(hub.deviceUrl);
  const { program, lines } = await buildReadme(join(folder, 'readme'), port);
  assert.ok(lines <= 40, `${lines} lines`);
  // The README's own paths: the data folder is `var`, the state `my-device/state`.
  mkdirSync(join(folder, 'readme', 'var', 'tls'), { recursive: true });
  writeFileSync(join(folder, 'readme/var/tls/ca.crt'), readFileSync(join(hub.dataDir, 'tls/ca.crt')));
  const child = await spawnGuarded(program, [], { ...process.env, SECRET: secret }, join(folder, 'readme'));
  t.after(() => child.end('SIGKILL'));
  const [first] = await readings('d-1', 'env', 2);
  assert.equal(first?.fields['temperature'], 21.5);
});

test('the valve moves by command, answers when it has arrived, and reports its leak and its flow', async (t) => {
  const secret = await add('valve-1', 'smart-valve@1');
  await start(t, buildExample('valve', folder), environment('valve-1', secret));
  await readings('valve-1', 'flow', 1);
  const sent = await hub.cli([
    'command',
    'send',
    'valve-1',
    'set-position',
    '--id',
    'c-1',
    '--param',
    'percent=45',
    '--wait',
    '--json',
  ]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /"position":45/);
  const refused = await hub.cli([
    'command',
    'send',
    'valve-1',
    'factory-reset',
    '--id',
    'c-2',
    '--wait',
    '--json',
  ]);
  assert.match(refused.stdout, /"rejected"/);
  const flow = await waitFor(
    async () => (await readings('valve-1', 'flow', 2)).find(({ fields }) => fields['position'] === 45),
    {
      what: 'a reading at the new position',
      timeoutMs: 10_000,
      everyMs: 200,
    },
  );
  assert.deepEqual(flow.fields, { flow: 54, position: 45, mode: 'automatic' });
});

test('the valve comes to its desired state, also to one that was set while it was away', async (t) => {
  const secret = await add('valve-2', 'smart-valve@1');
  const program = buildExample('valve', folder);
  const first = await start(t, program, environment('valve-2', secret));
  await readings('valve-2', 'flow', 1);
  const set = await hub.cli([
    'twin',
    'valve-2',
    '--set',
    'intervalSec=1',
    '--set',
    'failPosition=hold',
    '--wait',
    '--json',
  ]);
  assert.equal(set.code, 0, set.stdout + set.stderr);
  await first.end('SIGKILL');
  await hub.cli(['twin', 'valve-2', '--set', 'intervalSec=3', '--unset', 'failPosition']);
  await start(t, program, environment('valve-2', secret));
  const twin = await waitFor(
    async () => {
      const { stdout } = await hub.cli(['twin', 'valve-2', '--json']);
      return stdout.includes('"in-sync"') ? stdout : undefined;
    },
    { what: 'the twin is in sync again', timeoutMs: 10_000, everyMs: 200 },
  );
  assert.match(twin, /"intervalSec":3/);
  assert.match(twin, /"failPosition":"closed"/);
});

test('the sleeper ends when its reading is stored, and is asleep then, not offline', async () => {
  const secret = await add('sleeper-1', 'env-sensor@1');
  const program = buildExample('sleeper', folder);
  for (const round of [1, 2]) {
    const child = await spawnGuarded(program, [], environment('sleeper-1', secret), folder);
    assert.deepEqual((await child.exited).code, 0);
    const stored = await readings('sleeper-1', 'env', round);
    assert.deepEqual(stored.at(-1)?.fields, { temperature: 4.25, battery: 3.61 });
  }
  const { stdout } = await hub.cli(['device', 'show', 'sleeper-1']);
  assert.match(stdout, /presence +sleeping/);
});

test('a reading of a boot that the hub never saw is stored with the next one', async () => {
  const secret = await add('sleeper-2', 'env-sensor@1');
  const program = buildExample('sleeper', folder);
  const away = { ...environment('sleeper-2', secret), HUB_URL: 'wss://127.0.0.1:1' };
  const lost = await spawnGuarded(program, [], away, folder);
  // It waits for its hub for 20 seconds; the power goes before that.
  await waitFor(() => readFileSync(join(folder, 'sleeper-2-state/readings')).includes('4.25'), {
    what: 'the reading is in its store',
  });
  await lost.end('SIGKILL');
  const child = await spawnGuarded(program, [], environment('sleeper-2', secret), folder);
  assert.equal((await child.exited).code, 0);
  assert.equal((await readings('sleeper-2', 'env', 2)).length, 2);
});

test('the gateway has a session for each of its devices', async (t) => {
  const ids = ['g-1', 'g-2', 'g-3'];
  const devices: string[] = [];
  for (const id of ids) devices.push(`${id}:${await add(id, 'env-sensor@1')}`);
  const state = join(folder, 'gateway-state');
  mkdirSync(state);
  const env = { ...environment('', ''), HUB_DEVICES: devices.join(' '), HUB_DEVICE_STATE: state };
  await start(t, buildExample('gateway', folder), env);
  for (const [index, id] of ids.entries()) {
    const [first] = await readings(id, 'env', 1);
    assert.deepEqual(first?.fields, { temperature: 20 + index, rssi: -60 - index });
  }
});
