import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connectAsync } from 'mqtt';
import { createAlarmStore } from '../../../hub/adapters/sqlite/alarms/sqlite-alarm-store.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import type { AlarmRow } from '../../../hub/alarms/alarm-store.ts';
import type { AlarmPage, AlarmQuery } from '../../../schemas/api/alarms.ts';
import { mqttChecks } from '../../../schemas/index.ts';
import { runCommand } from '../../helpers/cli.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import { connectLive } from '../../helpers/devices/live-client.ts';
import { openRaw, type RawDevice } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { alarmChange } from '../../helpers/stores/stored-records.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const source = 'limit.env.temperature.high';

function alarmsOf(hub: InProcessHub, query: Partial<AlarmQuery> = {}): Promise<AlarmPage> {
  return hub.ask('GET /api/v1/alarms', { query });
}

/** A connected device, and how it says how warm it is. */
async function sensor(
  t: TestContext,
  hub: InProcessHub,
  id: string,
): Promise<{ device: RawDevice; warm: (temperature: number) => void }> {
  const device = await openRaw(hub.device(id));
  t.after(() => device.close());
  let seq = 0;
  const warm = (temperature: number): void =>
    device.send({ type: 'telemetry', seq: (seq += 1), ts: Date.now(), stream: 'env', data: { temperature } });
  return { device, warm };
}

async function stands(hub: InProcessHub, state: string): Promise<void> {
  const states = async () =>
    (await alarmsOf(hub)).alarms.map((alarm) => `${alarm.device} ${alarm.source} ${alarm.state}`);
  await waitFor(async () => (await states()).includes(`d-1 ${source} ${state}`), { what: `it is ${state}` });
}

test('a value beyond its limit is an alarm at every door, until it is over and acknowledged', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const ops = await withToken(hub, 'ops', { role: 'operator' });
  const other = await withToken(hub, 'other', { role: 'operator', devices: 'id=d-2' });
  const password = (ops.headers['authorization'] ?? '').slice('Bearer '.length);
  const client = await connectAsync(hub.hub.brokerUrl ?? '', { username: 'x', password, reconnectPeriod: 0 });
  t.after(() => client.end(true));
  const published: string[] = [];
  client.on('message', (_topic, payload) => published.push(payload.toString()));
  await client.subscribeAsync('hub/v1/alarm/d-1/+', { qos: 1 });
  const live = await connectLive(hub.hub.adminUrl, ops.headers);
  t.after(() => live.ws.terminate());
  live.watch('alarms');

  const { warm } = await sensor(t, hub, 'd-1');
  warm(61.5);
  await stands(hub, 'raised');
  const [alarm] = (await alarmsOf(hub)).alarms;
  assert.deepEqual(
    [alarm?.value, alarm?.text, alarm?.count, alarm?.severity],
    [61.5, 'temperature 61.5 °C, over 60', 1, 'warning'],
  );
  const shown = await live.next('alarm', (message) => message.alarm.device === 'd-1');
  assert.equal(shown.alarm.state, 'raised');
  await waitFor(() => published.length > 0, { what: 'the alarm on MQTT' });
  const payload = JSON.parse(published[0] ?? '') as { state: string; source: string };
  assert.equal(mqttChecks.alarm(payload), undefined);
  assert.deepEqual([payload.state, payload.source], ['raised', source]);

  assert.deepEqual((await other.get('/alarms')).body['alarms'], [], 'not of a device that it may not see');
  const key = { alarms: [{ device: 'd-1', source, count: 1 }], note: 'on the way' };
  assert.equal((await other.ask('POST', '/alarms/acknowledge', key)).body['unknown'], 1);
  const viewer = await withToken(hub, 'viewer');
  assert.equal((await viewer.ask('POST', '/alarms/acknowledge', key)).status, 403);
  const done = await ops.ask('POST', '/alarms/acknowledge', key);
  assert.deepEqual([done.status, done.body['acknowledged']], [200, 1]);
  await stands(hub, 'acknowledged');
  const { entries } = await hub.ask('GET /api/v1/audit', { query: { action: 'alarm.acknowledge' } });
  assert.deepEqual(
    entries.filter(({ outcome }) => outcome === 'done').map(({ actor, subject }) => [actor, subject]),
    [['token:ops', `d-1 ${source}`]],
  );
  warm(20);
  await waitFor(async () => (await alarmsOf(hub)).alarms.length === 0, { what: 'it is over' });
  await waitFor(() => published.at(-1) === '', { what: 'the retained message is cleared' });
  const [closed] = (await alarmsOf(hub, { state: 'closed' })).alarms;
  assert.deepEqual([closed?.acknowledged?.note, closed?.state], ['on the way', 'closed']);
  const metrics = await (await fetch(`${hub.hub.adminUrl}/metrics`, { headers: ops.headers })).text();
  assert.match(metrics, /hub_alarms_raised_total\{severity="warning"\} 1/);
  assert.match(metrics, /hub_alarms\{state="raised"\} 0/);
});

test('a restart forgets no alarm, and the broker has those that are open and none that is closed', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const { warm, device } = await sensor(t, hub, 'd-1');
  warm(70);
  await stands(hub, 'raised');
  device.close();
  await hub.restart();
  await stands(hub, 'raised');
  const { headers } = await withToken(hub, 'reader');
  const password = (headers['authorization'] ?? '').slice('Bearer '.length);
  const client = await connectAsync(hub.hub.brokerUrl ?? '', { username: 'x', password, reconnectPeriod: 0 });
  t.after(() => client.end(true));
  const retained: string[] = [];
  client.on('message', (topic) => retained.push(topic));
  await client.subscribeAsync('hub/v1/alarm/#', { qos: 1 });
  await waitFor(() => retained.includes(`hub/v1/alarm/d-1/${source}`), { what: 'the retained alarm' });
  const again = await sensor(t, hub, 'd-1');
  again.warm(20);
  await stands(hub, 'cleared');
  await hub.ask('DELETE /api/v1/devices/{id}', { params: { id: 'd-1' } });
  assert.deepEqual((await alarmsOf(hub)).alarms, []);
  await hub.restart();
  assert.deepEqual((await alarmsOf(hub)).alarms, []);
});

test('changes of an alarm are points of the measurement alarm', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { warm } = await sensor(t, hub, 'd-1');
  warm(70);
  await stands(hub, 'raised');
  const stored = async () => {
    const { accounts } = await hub.ask('GET /api/v1/ledger', { query: { device: '(hub)' } });
    return accounts[0]?.stored ?? 0;
  };
  const before = await stored();
  warm(20);
  await stands(hub, 'cleared');
  await waitFor(async () => (await stored()) > before, { what: 'a point of the hub' });
});

test('the command line lists, acknowledges and silences', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const run = (...args: string[]) => runCommand(['alarm', ...args], hub.dataDir, { clock: systemClock });
  const first = await sensor(t, hub, 'd-1');
  first.warm(70);
  await stands(hub, 'raised');
  assert.match((await run('list')).out, /d-1 +limit\.env\.temperature\.high +warning +raised/);
  const silenced = await run('silence', 'add', '--to', 'd-1', '--for', '1h', '--reason', 'works');
  assert.equal(silenced.code, 0, silenced.err);
  assert.match((await run('list')).out, /raised \(silenced\)/);
  const [id = ''] = silenced.out.split(':');
  assert.match((await run('silence', 'list')).out, /works/);
  assert.equal((await run('silence', 'remove', id)).code, 0);
  assert.match((await run('silence', 'remove', id)).err, /no silence/);
  const { entries } = await hub.ask('GET /api/v1/audit', { query: {} });
  const actions = entries.map(({ action, subject }) => `${action} ${subject}`);
  assert.ok(actions.includes('silence.add d-1') && actions.includes(`silence.remove ${id}`), String(actions));
  assert.equal((await run('ack')).code, 2);
  assert.match((await run('ack', 'd-2', 'offline')).err, /no alarm offline of d-2/);
  assert.match((await run('ack', '--all', '--to', 'type=env-sensor')).out, /^1 acknowledged/);
  assert.match((await run('list', '--json')).out, /"state":"acknowledged".*"actor":"local"/);
});

test('the first page of 10,000 alarms comes within 100 ms', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.restart();
  const database = await openStateDatabase(join(hub.dataDir, 'state.db'));
  const row = (at: number): AlarmRow => ({
    device: '',
    source: `hub.part-${at}`,
    kind: 'hub',
    severity: 'warning',
    text: `part ${at}`,
    lasting: true,
    state: 'raised',
    count: 1,
    firstMs: at,
    lastMs: at,
    n: at,
  });
  await createAlarmStore(database).save(Array.from({ length: 10_000 }, (_, at) => alarmChange(row(at))));
  await database.close();
  await hub.restart();
  const { headers } = await withToken(hub, 'reader');
  const times: number[] = [];
  for (let at = 0; at < 5; at += 1) {
    const began = performance.now();
    const page = (await (await fetch(`${hub.hub.adminUrl}/api/v1/alarms`, { headers })).json()) as AlarmPage;
    times.push(performance.now() - began);
    assert.deepEqual([page.alarms.length, page.counts.raised, page.alarms[0]?.n], [100, 10_000, 9_999]);
  }
  t.diagnostic(`first page of 10,000: ${times.map((ms) => ms.toFixed(1)).join(', ')} ms`);
  assert.ok(Math.min(...times) < 100, `${times.join(', ')} ms`);
});
