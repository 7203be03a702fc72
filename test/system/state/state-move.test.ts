import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeDevice } from '../../../sdk/typescript/src/node.ts';
import { adminClient, callApi } from '../../../hub/cli/admin-client.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { startMosquitto, type MosquittoBroker } from '../../helpers/services/mosquitto.ts';
import { startPostgres, type PostgresServer } from '../../helpers/services/postgres.ts';
import { runHub, spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

let postgres: PostgresServer;
let influx: InfluxServer;
let broker: MosquittoBroker;

before(async () => {
  [postgres, influx, broker] = await Promise.all([startPostgres(), startInflux(), startMosquitto()]);
});
after(() => Promise.all([postgres?.close(), influx?.close(), broker?.close()]));

const patient = { timeoutMs: 30_000 };

test('a hub whose state moved to PostgreSQL is the same hub: it serves its devices, and gives them what waited', async (t) => {
  const folder = temporaryFolder('moved-hub');
  t.after(() => folder.remove());
  const dataDir = folder.path;
  const socket = join(dataDir, 'hub.sock');
  const ports = { HUB_DEVICE_LISTEN: '127.0.0.1:0', HUB_ADMIN_LISTEN: '127.0.0.1:0' };
  const embedded = { ...ports, HUB_TLS: 'off', HUB_INFLUX_URL: influx.url, HUB_MQTT_URL: broker.url };
  const shared = { ...embedded, HUB_STATE_URL: postgres.url(), HUB_STATE_USERNAME: postgres.username };
  const start = async (env: Readonly<Record<string, string>>): Promise<HubProcess> => {
    const hub = await spawnHub({ dataDir, env });
    t.after(() => hub.close());
    return hub;
  };
  const statuses = async (): Promise<Record<string, string>> => {
    const { commands } = await callApi(socket, 'GET /api/v1/commands', { query: { device: 'd-1' } });
    return Object.fromEntries(commands.map(({ id, status }) => [id, status]));
  };
  const given: string[] = [];
  /** A session of the device, until `until`. */
  const session = async (hub: HubProcess, secret: string, until: () => Promise<boolean>): Promise<void> => {
    const url = hub.deviceUrl;
    const device = makeDevice({ url, id: 'd-1', secret, type: 'env-sensor@1', backoffFirstMs: 100 });
    device.onCommand('set-interval', ({ id }) => {
      given.push(id);
      return { status: 'succeeded' };
    });
    device.wake();
    await waitFor(until, { what: 'the session has done its work', ...patient });
    await device.close();
  };
  const send = (id: string): Promise<unknown> =>
    callApi(socket, 'POST /api/v1/devices/{id}/commands/{command}', {
      params: { id: 'd-1', command: 'set-interval' },
      body: { id, params: { seconds: 30 } },
    });

  const first = await start(embedded);
  const [added] = await adminClient(socket).addDevices({ ids: ['d-1'], type: 'env-sensor@1', site: 'lab' });
  const secret = added?.secret ?? '';
  await send('c-1');
  await session(first, secret, async () => (await statuses())['c-1'] === 'succeeded');
  await send('c-2');
  const whileRunning = await runHub(['state', 'migrate'], { dataDir, env: shared });
  assert.match(whileRunning.stderr, /another hub uses this data folder/);
  assert.equal((await first.kill()).code, 0);

  const early = await runHub(['start'], { dataDir, env: shared });
  assert.match(early.stdout + early.stderr, /move them there with device-hub state migrate/);
  const moved = await runHub(['state', 'migrate'], { dataDir, env: shared });
  assert.match(moved.stdout, /moved and compared/, moved.stderr);
  const back = await runHub(['start'], { dataDir, env: embedded });
  assert.match(back.stdout + back.stderr, /its state was moved to PostgreSQL: give HUB_STATE_URL/);

  const second = await start(shared);
  assert.deepEqual(await statuses(), { 'c-1': 'succeeded', 'c-2': 'queued' });
  await session(second, secret, async () => (await statuses())['c-2'] === 'succeeded');
  assert.deepEqual(given, ['c-1', 'c-2'], 'each once');
  const { epoch } = await callApi(socket, 'GET /api/v1/devices/{id}', { params: { id: 'd-1' } });
  assert.equal(epoch, 2, 'it goes on from the epoch that it had');
  await send('c-3');
  await waitFor(async () => (await statuses())['c-3'] === 'queued', {
    what: 'a further command',
    ...patient,
  });
});
