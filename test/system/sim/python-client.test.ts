import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { query, startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { mosquittoPub, mosquittoSub } from '../../helpers/services/mosquitto-clients.ts';
import { startMosquitto, type MosquittoBroker } from '../../helpers/services/mosquitto.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';

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

test('a device in plain Python connects over wss, sends, is acked and nacked, and answers a command', async () => {
  const added = await hub.cli(['device', 'add', 'py-1', '--type', 'env-sensor@1', '--site', 'lab', '--json']);
  const { secret } = JSON.parse(added.stdout) as { secret: string };
  const { hostname, port } = new URL(hub.deviceUrl);
  const statuses = await mosquittoSub(['-p', String(broker.port), '-q', '1', '-t', 'hub/v1/status/py-1/#']);
  const ca = join(hub.dataDir, 'tls', 'ca.crt');
  const device = spawn('python3', [script, hostname, port, ca, 'py-1', secret], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  let stderr = '';
  device.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  const exited = once(device, 'exit');
  const lines = createInterface({ input: device.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'connected', stderr);

  const topic = 'hub/v1/command/py-1/set-interval';
  await mosquittoPub(['-p', String(broker.port), '-q', '1', '-t', topic, '-m', '{"params":{"seconds":5}}']);
  const last = await lines.next();
  assert.deepEqual(await exited, [0, null], stderr);
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
