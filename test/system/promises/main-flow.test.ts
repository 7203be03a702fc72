import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mqttChecks } from '../../../schemas/index.ts';
import { query, startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { mosquittoPub, mosquittoSub, type Subscription } from '../../helpers/services/mosquitto-clients.ts';
import { startMosquitto, type MosquittoBroker } from '../../helpers/services/mosquitto.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { openRaw, type RawDeviceOptions } from '../../helpers/devices/raw-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { startTcpProxy } from '../../helpers/services/tcp-proxy.ts';

/** The whole flow on real parts: InfluxDB, Mosquitto and the hub as processes of their own. */

let influx: InfluxServer;
let broker: MosquittoBroker;
let hub: HubProcess;
let bus: Subscription;
let secrets: Map<string, string>;

const devices = ['d-1', 'd-2', 'd-3', 'd-4', 'd-5', 'd-6'];

before(async () => {
  [influx, broker] = await Promise.all([startInflux(), startMosquitto()]);
  hub = await spawnHub({
    env: {
      HUB_INFLUX_URL: influx.url,
      HUB_MQTT_URL: broker.url,
      HUB_NOTICE_CRON: '*/5 * * * * *',
      HUB_NOTICE_PAYLOAD: '{"say":"hello"}',
    },
  });
  bus = await mosquittoSub(['-p', String(broker.port), '-q', '1', '-t', 'hub/v1/#', '-t', 'answers/#']);
  const args = [
    'device',
    'add',
    '--count',
    String(devices.length),
    '--prefix',
    'd-',
    '--type',
    'env-sensor@1',
  ];
  const { stdout } = await hub.cli([...args, '--json']);
  const added = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; secret: string });
  secrets = new Map(added.map(({ id, secret }) => [id, secret]));
  assert.deepEqual([...secrets.keys()], devices);
});

after(async () => {
  await bus?.close();
  await hub?.close();
  await Promise.all([influx?.close(), broker?.close()]);
});

function options(id: string, port?: number): RawDeviceOptions {
  const url = new URL(hub.deviceUrl);
  if (port !== undefined) url.port = String(port);
  return { url: url.href, id, secret: secrets.get(id) ?? '', dataDir: hub.dataDir };
}

interface PresencePayload {
  state: string;
  reason: string;
  since: number;
  epoch: number;
  n: number;
}

function presence(id: string, state: string, timeoutMs?: number): Promise<PresencePayload> {
  return bus
    .next(
      `${id} ${state}`,
      ({ topic, payload }) => topic === `hub/v1/presence/${id}` && payload.includes(`"${state}"`),
      timeoutMs,
    )
    .then(({ payload }) => JSON.parse(payload) as PresencePayload);
}

test('an ack comes after the reading is in InfluxDB, with the time the device gave', async () => {
  const device = await openRaw(options('d-1'));
  const ts = device.welcome.now - 1_000 + 0.125;
  device.send({ type: 'telemetry', seq: 1, stream: 'env', ts, data: { temperature: 21, rssi: -61 } });
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 1);
  const [series] = await query(influx.url, 'hub', `SELECT * FROM env_sensor_env WHERE device = 'd-1'`);
  const row = Object.fromEntries(
    series?.columns.map((name, index) => [name, series.values[0]?.[index]]) ?? [],
  );
  assert.deepEqual(row, {
    time: ts * 1000,
    device: 'd-1',
    site: 'default',
    type: 'env-sensor',
    temperature: 21,
    rssi: -61,
  });
  const fanned = await bus.next(
    'the reading on the bus',
    ({ topic }) => topic === 'hub/v1/telemetry/d-1/env',
  );
  assert.deepEqual(JSON.parse(fanned.payload), { ts, data: { temperature: 21, rssi: -61 } });
  device.close();
});

test('sending a reading twice stores it once', async () => {
  const device = await openRaw(options('d-2'));
  const ts = device.welcome.now;
  for (const seq of [1, 2, 3]) {
    device.send({ type: 'telemetry', seq, stream: 'env', ts, data: { temperature: 5 } });
  }
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 3);
  const [series] = await query(
    influx.url,
    'hub',
    `SELECT count(temperature) FROM env_sensor_env WHERE device = 'd-2'`,
  );
  assert.equal(series?.values[0]?.[1], 1);
  device.close();
});

test('a command published with mosquitto_pub is done, and its result is on the status and response topics', async () => {
  const device = await openRaw(options('d-3'));
  const publish = ['-p', String(broker.port), '-q', '1', '-t', 'hub/v1/command/d-3/set-interval'];
  const request = [
    '-m',
    '{"id":"c-1","params":{"seconds":7}}',
    '-D',
    'PUBLISH',
    'response-topic',
    'answers/me',
  ];
  await mosquittoPub([...publish, ...request, '-D', 'PUBLISH', 'correlation-data', 'x-1']);
  const command = await device.next('command');
  assert.deepEqual([command.id, command.name, command.params], ['c-1', 'set-interval', { seconds: 7 }]);
  device.send({ type: 'received', re: 'c-1' });
  device.send({ type: 'result', re: 'c-1', status: 'succeeded' });
  await device.next('ack', (frame) => 're' in frame && frame.re === 'c-1');

  const final = await bus.next('the status', ({ topic }) => topic === 'hub/v1/status/d-3/c-1/succeeded');
  assert.equal(mqttChecks.status(JSON.parse(final.payload)), undefined);
  const answer = await bus.next('the answer', ({ topic }) => topic === 'answers/me');
  assert.equal(answer.correlationData, 'x-1');
  assert.equal((JSON.parse(answer.payload) as { status: string }).status, 'succeeded');
  device.close();
});

test('each step of a command is a point in InfluxDB, and its stages are in the histograms', async () => {
  const statuses = ['accepted', 'received', 'sent', 'succeeded'];
  const series = await waitFor(
    async () => {
      const found = await query(influx.url, 'hub', `SELECT * FROM command WHERE id = 'c-1' GROUP BY *`);
      return found.length === statuses.length ? found : undefined;
    },
    { what: 'every step of c-1', everyMs: 100 },
  );
  const tags = { name: 'set-interval', site: 'default', type: 'env-sensor' };
  assert.deepEqual(
    series
      .map((each) => each.tags)
      .toSorted((a, b) => (String(a?.['status']) < String(b?.['status']) ? -1 : 1)),
    statuses.map((status) => ({ ...tags, status })),
  );
  for (const { tags: own, columns, values } of series) {
    assert.equal(values.length, 1, own?.['status']);
    const point = Object.fromEntries(columns.map((column, at) => [column, values[0]?.[at]]));
    assert.deepEqual([point['device'], point['origin']], ['d-3', 'mqtt']);
    const stages = ['queuedMs', 'deliveryMs', 'runMs', 'totalMs'].filter(
      (name) => typeof point[name] === 'number',
    );
    const come = { accepted: 1, sent: 2, received: 3, succeeded: 4 }[String(own?.['status'])];
    assert.equal(stages.length, come, JSON.stringify(point));
  }
  const metrics = await (await fetch(`${hub.adminUrl}/metrics`)).text();
  for (const stage of ['queued', 'delivery', 'run', 'total']) {
    const counted = new RegExp(`^hub_command_stage_seconds_count\\{stage="${stage}"\\} (\\d+)$`, 'm').exec(
      metrics,
    );
    assert.ok(Number(counted?.[1]) >= 1, `${stage}: ${counted?.[0]}`);
    const all = new RegExp(
      `^hub_command_stage_seconds_bucket\\{le="\\+Inf",stage="${stage}"\\} (\\d+)$`,
      'm',
    ).exec(metrics);
    assert.equal(all?.[1], counted?.[1]);
  }
});

test('bad parameters are refused with the field and the rule, and the device hears nothing of it', async () => {
  const device = await openRaw(options('d-3'));
  const publish = ['-p', String(broker.port), '-q', '1', '-t', 'hub/v1/command/d-3/set-interval'];
  await mosquittoPub([...publish, '-m', '{"id":"c-2","params":{"seconds":0}}']);
  const refused = await bus.next('the refusal', ({ topic }) => topic === 'hub/v1/status/d-3/c-2/rejected');
  const { reason, errors } = JSON.parse(refused.payload) as { reason: string; errors: { path: string }[] };
  assert.deepEqual([reason, errors[0]?.path], ['bad-params', '/seconds']);
  assert.deepEqual(
    device.frames.filter(({ type }) => type === 'command'),
    [],
  );
  device.close();
});

test('an error of several lines reaches the caller, and the broker keeps the hub', async () => {
  const device = await openRaw(options('d-3'));
  const publish = ['-p', String(broker.port), '-q', '1', '-t', 'hub/v1/command/d-3/set-interval'];
  const request = [
    '-m',
    '{"id":"c-3","params":{"seconds":7}}',
    '-D',
    'PUBLISH',
    'response-topic',
    'answers/lines',
  ];
  await mosquittoPub([...publish, ...request]);
  await device.next('command', ({ id }) => id === 'c-3');
  const error = 'timeout\n at line 3 \uffff';
  device.send({ type: 'result', re: 'c-3', status: 'failed', error });
  const answer = await bus.next('the answer', ({ topic }) => topic === 'answers/lines');
  assert.equal((JSON.parse(answer.payload) as { reason: string }).reason, error);
  assert.deepEqual(
    hub.lines.filter(({ msg }) => msg === 'broker not connected'),
    [],
  );
  device.close();
});

/** heartbeat 1 s, grace 0.5 s: offline 1.5 s after the last frame, and at most 0.5 s later than that. */
const hello = { heartbeatSec: 1 };
const dueMs = 1_500;
const lateMs = 500;

test('a device whose network is cut is offline in time, reason link-lost, and its socket is closed', async () => {
  const proxy = await startTcpProxy({ port: Number(new URL(hub.deviceUrl).port) });
  const device = await openRaw(options('d-4', proxy.port), hello);
  device.send({ type: 'heartbeat', t1: 1_100 });
  await device.next('heartbeat');
  proxy.stall();
  const { t2 } = await device.next('heartbeat');
  const offline = await presence('d-4', 'offline');
  assert.equal(offline.reason, 'link-lost');
  const silentMs = offline.since - t2;
  assert.ok(silentMs >= dueMs && silentMs <= dueMs + lateMs, `offline ${silentMs} ms after the last frame`);
  assert.equal(mqttChecks.presence(offline), undefined);
  device.close();
  await proxy.close();
});

test('a device that hangs while its stack answers pings is offline in time, reason no-heartbeat, and comes back', async () => {
  const device = await openRaw(options('d-5'), hello);
  device.send({ type: 'heartbeat', t1: 1_100 });
  const { t2 } = await device.next('heartbeat');
  const offline = await presence('d-5', 'offline');
  assert.equal(offline.reason, 'no-heartbeat');
  const silentMs = offline.since - t2;
  assert.ok(silentMs >= dueMs && silentMs <= dueMs + lateMs, `offline ${silentMs} ms after the last frame`);
  device.send({ type: 'heartbeat', t1: 9_000 });
  const back = await bus.next('online again', ({ topic, payload }) => {
    return topic === 'hub/v1/presence/d-5' && payload.includes('"resumed"');
  });
  assert.equal((JSON.parse(back.payload) as PresencePayload).epoch, offline.epoch);
  device.close();
});

test('a scheduled notice reaches every connected device every five seconds', async () => {
  const connected = await Promise.all(['d-1', 'd-2', 'd-6'].map((id) => openRaw(options(id))));
  const notices = (device: (typeof connected)[number]) =>
    device.frames.filter((frame) => frame.type === 'notice').length;
  await Promise.all(connected.map((device) => device.next('notice', () => notices(device) >= 2, 12_000)));
  for (const device of connected) {
    const notice = await device.next('notice');
    assert.deepEqual(notice, { type: 'notice', topic: 'notice', data: { say: 'hello' } });
    device.close();
  }
});

test('removing a device closes its session with 4403 and clears its retained presence', async () => {
  const device = await openRaw(options('d-6'));
  await presence('d-6', 'online');
  const { code } = await hub.cli(['device', 'remove', 'd-6']);
  assert.equal(code, 0);
  assert.equal((await device.closed).code, 4403);
  await bus.next(
    'the cleared topic',
    ({ topic, payload }) => topic === 'hub/v1/presence/d-6' && payload === '',
  );
  const again = await openRaw(options('d-6')).then(
    () => 'open',
    (error: unknown) => String(error),
  );
  assert.match(again, /401/);
});
