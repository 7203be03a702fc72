import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { makeDevice } from '../../../sdk/typescript/src/node.ts';
import { adminClient, callApi } from '../../../hub/cli/admin-client.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { startMosquitto, type MosquittoBroker } from '../../helpers/services/mosquitto.ts';
import { startPostgres, type PostgresServer } from '../../helpers/services/postgres.ts';
import { runHub, spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { eventOf, waitFor } from '../../helpers/wait-for.ts';

/** A hub that keeps its state in PostgreSQL: all of it real, and processes of their own. */

let postgres: PostgresServer;
let influx: InfluxServer;
let broker: MosquittoBroker;
let schemas = 0;

before(async () => {
  [postgres, influx, broker] = await Promise.all([startPostgres(), startInflux(), startMosquitto()]);
});
after(() => Promise.all([postgres?.close(), influx?.close(), broker?.close()]));

const patient = { timeoutMs: 30_000 };

/** A place of its own in the database, and a folder. */
function startLab(t: TestContext) {
  const folder = temporaryFolder('postgres-hub');
  t.after(() => folder.remove());
  const env = {
    HUB_TLS: 'off',
    HUB_INFLUX_URL: influx.url,
    HUB_MQTT_URL: broker.url,
    HUB_MQTT_ROOT: `hub/s${(schemas += 1)}`,
    HUB_STATE_URL: postgres.url(`hub_${schemas}`),
    HUB_STATE_USERNAME: postgres.username,
  };
  const start = async (): Promise<HubProcess> => {
    const hub = await spawnHub({ dataDir: folder.path, env });
    t.after(() => hub.close());
    return hub;
  };
  return { dataDir: folder.path, env, start, schema: `hub_${schemas}` };
}

/** Connects a device; `calls` has the ids of the commands that it was given. */
async function connect(t: TestContext, hub: HubProcess, id: string, secret: string) {
  const url = hub.deviceUrl;
  const client = makeDevice({ url, id, secret, type: 'env-sensor@1', backoffFirstMs: 100 });
  const calls: string[] = [];
  client.onCommand('set-interval', ({ id: command }) => {
    calls.push(command);
    return { status: 'succeeded' };
  });
  t.after(() => client.close());
  const welcomed = eventOf(client, 'welcome', patient.timeoutMs);
  client.wake();
  await welcomed;
  return { client, calls };
}

const socketOf = (hub: HubProcess) => join(hub.dataDir, 'hub.sock');

function send(hub: HubProcess, id: string, command: string) {
  return callApi(socketOf(hub), 'POST /api/v1/devices/{id}/commands/{command}', {
    params: { id, command: 'set-interval' },
    body: { id: command, params: { seconds: 30 } },
  });
}

async function statusOf(hub: HubProcess, command: string): Promise<string | undefined> {
  const { commands } = await callApi(socketOf(hub), 'GET /api/v1/commands', { query: { id: command } });
  return commands[0]?.status;
}

test('a hub that is killed knows its devices, their epochs and what it owes them when it starts again', async (t) => {
  const lab = startLab(t);
  let hub = await lab.start();
  const added = await adminClient(socketOf(hub)).addDevices({
    ids: ['d-1', 'd-2'],
    type: 'env-sensor@1',
    site: 'lab',
  });
  const secretOf = (id: string): string => added.find((each) => each.id === id)?.secret ?? '';
  const first = await connect(t, hub, 'd-1', secretOf('d-1'));
  await send(hub, 'd-1', 'c-1');
  await waitFor(async () => (await statusOf(hub, 'c-1')) === 'succeeded', { what: 'c-1', ...patient });
  await send(hub, 'd-2', 'c-2');
  await first.client.close();
  await hub.kill('SIGKILL');
  hub = await lab.start();
  const details = await callApi(socketOf(hub), 'GET /api/v1/devices/{id}', { params: { id: 'd-1' } });
  assert.equal(details.epoch, 1);
  assert.deepEqual([await statusOf(hub, 'c-1'), await statusOf(hub, 'c-2')], ['succeeded', 'queued']);
  const second = await connect(t, hub, 'd-2', secretOf('d-2'));
  await waitFor(async () => (await statusOf(hub, 'c-2')) === 'succeeded', { what: 'c-2', ...patient });
  assert.deepEqual([first.calls, second.calls], [['c-1'], ['c-2']]);
  assert.equal((await hub.kill()).code, 0, 'and it stops in order');
  assert.equal(postgres.sql(`SELECT count(*) FROM ${lab.schema}.hub WHERE state = 'left'`).trim(), '1');
});

test('while PostgreSQL is away sessions stay, commands are refused and /readyz says why; then all goes on', async (t) => {
  const lab = startLab(t);
  const hub = await lab.start();
  const [added] = await adminClient(socketOf(hub)).addDevices({
    ids: ['d-1'],
    type: 'env-sensor@1',
    site: 'lab',
  });
  const { calls } = await connect(t, hub, 'd-1', added?.secret ?? '');
  await postgres.stop();
  const readiness = async () =>
    (await (await fetch(`${hub.adminUrl}/readyz`)).json()) as { degraded: string[] };
  await waitFor(async () => (await readiness()).degraded.includes('state'), {
    what: 'a degraded hub',
    ...patient,
  });
  await assert.rejects(send(hub, 'd-1', 'c-1'), /unavailable/);
  await postgres.restart();
  await waitFor(async () => !(await readiness()).degraded.includes('state'), {
    what: 'a whole hub',
    ...patient,
  });
  await send(hub, 'd-1', 'c-2');
  await waitFor(() => calls.includes('c-2'), { what: 'the command', ...patient });
  const { epoch } = await callApi(socketOf(hub), 'GET /api/v1/devices/{id}', { params: { id: 'd-1' } });
  assert.deepEqual([epoch, hub.running], [1, true], 'in the session it had');
});

test('a process with a copy of the data folder of a hub that lives does not begin', async (t) => {
  const lab = startLab(t);
  const hub = await lab.start();
  const copy = temporaryFolder('copied-hub');
  t.after(() => copy.remove());
  copyFileSync(join(hub.dataDir, 'hub.id'), join(copy.path, 'hub.id'));
  const anyPort = { HUB_DEVICE_LISTEN: '127.0.0.1:0', HUB_ADMIN_LISTEN: '127.0.0.1:0' };
  const run = await runHub(['start'], { dataDir: copy.path, env: { ...lab.env, ...anyPort } });
  assert.notEqual(run.code, 0);
  assert.match(
    run.stdout + run.stderr,
    /another process is the hub .*: two data folders have the same hub.id/,
  );
  assert.ok(hub.running);
});

test('what would forget commits, and tables of a newer version, are refused with the way out', async (t) => {
  const lab = startLab(t);
  const start = async (): Promise<string> => {
    const anyPort = { HUB_DEVICE_LISTEN: '127.0.0.1:0', HUB_ADMIN_LISTEN: '127.0.0.1:0' };
    const run = await runHub(['start'], { dataDir: lab.dataDir, env: { ...lab.env, ...anyPort } });
    assert.notEqual(run.code, 0);
    return run.stdout + run.stderr;
  };
  await postgres.restart({ synchronous_commit: 'off' });
  assert.match(await start(), /synchronous_commit is off.*set synchronous_commit = on/);
  await postgres.restart();
  postgres.sql(
    `CREATE TABLE ${lab.schema}.hub_schema (one boolean, version int); INSERT INTO ${lab.schema}.hub_schema VALUES (true, 999)`,
  );
  assert.match(await start(), /made by a newer version \(999/);
});
