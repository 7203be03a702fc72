import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { callApi } from '../../../hub/cli/admin-client.ts';
import type { AnswerTo, ApiRoute, RequestTo } from '../../../schemas/api/document/api.ts';
import { addFirmware } from '../../helpers/firmware/add-firmware.ts';
import { query, startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { mosquittoPub, mosquittoSub } from '../../helpers/services/mosquitto-clients.ts';
import { startMosquitto, type MosquittoBroker } from '../../helpers/services/mosquitto.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const script = fileURLToPath(new URL('python-client.py', import.meta.url));

let influx: InfluxServer;
let broker: MosquittoBroker;
let hub: HubProcess;

before(async () => {
  [influx, broker] = await Promise.all([startInflux(), startMosquitto()]);
  hub = await spawnHub({ env: { HUB_INFLUX_URL: influx.url, HUB_MQTT_URL: broker.url } });
});

after(async () => {
  await hub?.close();
  await Promise.all([influx?.close(), broker?.close()]);
});

interface Seen {
  welcome: { epoch: number; heartbeatSec: number; limits: { inFlight: number } };
  nacks: { seq: number; code: string; retry: boolean; errors: { path: string; keyword: string }[] }[];
  acks: number[];
  commandAcks: string[];
  commands: { id: string; name: string; params: unknown }[];
  heartbeats: { t1: number; t2: number; t3: number }[];
  close: number;
}

async function addDevice(id: string): Promise<string> {
  const added = await hub.cli(['device', 'add', id, '--type', 'env-sensor@1', '--site', 'lab', '--json']);
  return (JSON.parse(added.stdout) as { secret: string }).secret;
}

/** The device as a process. @param mode `fleet`, see the script */
function runDevice(id: string, secret: string, ...mode: string[]) {
  const { hostname, port } = new URL(hub.deviceUrl);
  const ca = join(hub.dataDir, 'tls', 'ca.crt');
  const device = spawn('python3', [script, hostname, port, ca, id, secret, ...mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  const said = { stderr: '' };
  device.stderr.on('data', (text: Buffer) => {
    said.stderr += text.toString();
  });
  const lines = createInterface({ input: device.stdout })[Symbol.asyncIterator]();
  return { device, said, exited: once(device, 'exit'), lines };
}

test('a device in plain Python connects over wss, sends, is acked and nacked, and answers a command', async () => {
  const secret = await addDevice('py-1');
  const statuses = await mosquittoSub(['-p', String(broker.port), '-q', '1', '-t', 'hub/v1/status/py-1/#']);
  const { said, exited, lines } = runDevice('py-1', secret);
  assert.equal((await lines.next()).value, 'connected', said.stderr);

  const topic = 'hub/v1/command/py-1/set-interval';
  await mosquittoPub(['-p', String(broker.port), '-q', '1', '-t', topic, '-m', '{"params":{"seconds":5}}']);
  const last = await lines.next();
  assert.deepEqual(await exited, [0, null], said.stderr);
  const seen = JSON.parse(last.value ?? '') as Seen;

  assert.equal(seen.welcome.epoch, 1);
  assert.deepEqual(
    seen.nacks.map(({ seq, code, retry, errors }) => [seq, code, retry, errors[0]?.path, errors[0]?.keyword]),
    [[3, 'schema', false, '/temperature', 'maximum']],
  );
  assert.equal(seen.acks.at(-1), 3);
  assert.deepEqual(
    seen.commands.map(({ name, params }) => [name, params]),
    [['set-interval', { seconds: 5 }]],
  );
  assert.deepEqual(seen.commandAcks, [seen.commands[0]?.id]);
  assert.ok((seen.heartbeats[0]?.t2 ?? 0) > 1_600_000_000_000);
  assert.equal(seen.close, 1000);

  await statuses.next('the command succeeded', (message) => message.topic.endsWith('/succeeded'));
  await statuses.close();
  const [series] = await query(influx.url, 'hub', 'SELECT temperature, rssi FROM env_sensor_env');
  assert.deepEqual(series?.values.map((row) => row.slice(1)).toSorted(), [
    [19.5, null],
    [20.25, -70],
  ]);
});

test('a device in plain Python holds what is desired of it, and comes to a new firmware that a rollout has for it', async (t) => {
  const secret = await addDevice('py-2');
  const ask: <Route extends ApiRoute>(route: Route, given: RequestTo<Route>) => Promise<AnswerTo<Route>> = (
    route,
    given,
  ) => callApi(join(hub.dataDir, 'hub.sock'), route, given);
  const params = { id: 'py-2' };
  await ask('PATCH /api/v1/devices/{id}/twin/desired', { params, body: { intervalSec: 20 } });
  const { device, said, lines } = runDevice('py-2', secret, 'fleet');
  t.after(() => device.kill());
  assert.equal((await lines.next()).value, 'holds', said.stderr);
  assert.equal((await ask('GET /api/v1/devices/{id}/twin', { params })).state, 'in-sync');

  const firmware = Buffer.alloc(200_000, 'firmware');
  await addFirmware(hub, firmware);
  const body = { id: 'r-1', type: 'env-sensor', version: '2.0.0', to: 'py-2', waves: ['100%'], soakSec: 1 };
  await ask('POST /api/v1/rollouts', { body });
  const seen: unknown = JSON.parse((await lines.next()).value ?? `"${said.stderr}"`);
  // What it holds already does not come again.
  assert.deepEqual(seen, { state: { intervalSec: 20 }, bytes: firmware.length, again: [] });
  const states = async () =>
    (await ask('GET /api/v1/rollouts/{id}', { params: { id: 'r-1' } })).states.succeeded === 1;
  await waitFor(states, { what: 'the update succeeded' });
  assert.equal((await ask('GET /api/v1/devices/{id}/twin', { params })).state, 'in-sync');
});
