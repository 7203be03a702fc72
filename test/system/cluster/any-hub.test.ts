import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { callApi } from '../../../hub/cli/admin-client.ts';
import {
  addDevices,
  clusterOf,
  clusterServices,
  detailsOf,
  presenceAt,
  socketOf,
  startClusterLab,
} from '../../helpers/cluster/cluster-lab.ts';
import { connectLive } from '../../helpers/devices/live-client.ts';
import type { HubProcess } from '../../helpers/services/process.ts';
import { eventOf, waitFor } from '../../helpers/wait-for.ts';

/** Whatever is asked, and of whichever of two hubs, the answer is that of the hub that has the device, or leads. */

const services = clusterServices();
const patient = { timeoutMs: 40_000, everyMs: 20 };
const anna = { name: 'anna', password: 'a password of anna' };

async function signIn(hub: HubProcess): Promise<string> {
  const answer = await fetch(`${hub.adminUrl}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: hub.adminUrl },
    body: JSON.stringify(anna),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
}

test('a page and the command line learn the same from every hub: device, data, why, twin, schedules, live feed; one login is enough', async (t) => {
  const lab = startClusterLab(t, services);
  const [a, b] = await Promise.all([lab.startHub(), lab.startHub()]);
  const leads = (await clusterOf(a)).hubs.find(({ leases }) => leases.includes('leader'));
  // The device is at the leader, and the other hub is asked.
  const [asked, other] = leads?.here === true ? [b, a] : [a, b];
  const [secret = ''] = await addDevices(asked, ['d-1']);
  const device = await lab.connect(other, 'd-1', secret);
  await presenceAt(asked, 'd-1', 'online', 40_000);
  for (const name of ['chief', anna.name]) {
    await callApi(socketOf(other), 'PUT /api/v1/operators/accounts/{name}', {
      params: { name },
      body: { role: 'admin', devices: '*', safety: 'critical', password: anna.password },
    });
  }
  const cookie = await signIn(other);
  const me = await fetch(`${asked.adminUrl}/api/v1/me`, { headers: { cookie } });
  assert.equal(me.status, 200, 'the login holds at the other hub');

  const page = await connectLive(asked.adminUrl, { cookie, origin: asked.adminUrl }, 40_000);
  t.after(() => page.ws.terminate());
  page.watch('fleet', 'device:d-1', 'frames:d-1', 'alarms');
  const shown = await page.next('device', ({ details }) => details.session !== undefined);
  assert.equal(shown.details.session?.open, true);
  const measure = setInterval(() => void device.client.measure('env', { temperature: 21.5 }), 200);
  t.after(() => clearInterval(measure));
  const reading = await page.next('reading');
  assert.deepEqual([reading.id, reading.fields['temperature']], ['d-1', 21.5]);
  await page.next('frames', ({ frames }) => frames.length > 0);
  await page.next('fleet', ({ devices }) => devices.some(([, , , dataMs]) => dataMs !== null));
  clearInterval(measure);

  // Raised at the hub of the device, acknowledged at the other, and over where the device is by then.
  await device.client.measure('env', { temperature: 70 });
  const raised = await page.next('alarm', ({ alarm }) => alarm.state === 'raised');
  const { source } = raised.alarm;
  const { acknowledged } = await callApi(socketOf(asked), 'POST /api/v1/alarms/acknowledge', {
    body: { alarms: [{ device: 'd-1', source }] },
  });
  assert.equal(acknowledged, 1);
  const gate = (await clusterOf(other)).hubs.find(({ leases }) => leases.includes('gate'));
  await device.move(gate?.here === true ? asked : other);
  await device.client.measure('env', { temperature: 20 });
  await page.next('alarm', ({ alarm }) => alarm.state === 'closed');
  for (const hub of [a, b]) {
    const closed = async () => {
      const query = { state: 'closed', device: 'd-1' } as const;
      return (await callApi(socketOf(hub), 'GET /api/v1/alarms', { query })).alarms;
    };
    await waitFor(async () => (await closed()).length === 1, { what: 'the end of the alarm', ...patient });
    assert.equal((await closed())[0]?.acknowledged?.actor, 'local');
  }

  const params = { id: 'd-1' };
  assert.equal((await detailsOf(asked, 'd-1')).session?.open, true);
  const why = await callApi(socketOf(asked), 'GET /api/v1/devices/{id}/why', { params });
  assert.ok(why.events.length > 0, 'what happened to it');
  const last = await callApi(socketOf(asked), 'GET /api/v1/devices/{id}/last', { params });
  assert.ok(last.streams['env'] !== undefined);
  const frames = await callApi(socketOf(asked), 'GET /api/v1/devices/{id}/frames', { params });
  assert.ok(frames.frames.length > 0);

  const set = await callApi(socketOf(asked), 'PATCH /api/v1/devices/{id}/twin/desired', {
    params,
    body: { intervalSec: 30 },
  });
  assert.equal(set.rev, 1);
  const twinAt = (hub: HubProcess) => callApi(socketOf(hub), 'GET /api/v1/devices/{id}/twin', { params });
  assert.deepEqual((await twinAt(asked)).desired, (await twinAt(other)).desired);
  // The hub that takes requests over MQTT is not the one of the device.
  const client = await connectAsync(services.broker.url, { protocolVersion: 5 });
  t.after(() => client.endAsync());
  await client.subscribeAsync('answers/me', { qos: 1 });
  const answer = eventOf(client, 'message', 40_000);
  const properties = { responseTopic: 'answers/me' };
  const patch = JSON.stringify({ patch: { intervalSec: 40 }, ifRev: 1 });
  await client.publishAsync(`${lab.root}/twin-desired/d-1`, patch, { qos: 1, properties });
  const [, payload] = await answer;
  const { status, rev } = JSON.parse(String(payload)) as { status: string; rev: number };
  assert.deepEqual([status, rev], ['done', 2], String(payload));
  assert.equal((await twinAt(asked)).desired['intervalSec'], 40);
  const audited = await callApi(socketOf(asked), 'GET /api/v1/audit', { query: { action: 'twin.set' } });
  assert.deepEqual(
    audited.entries.map(({ origin }) => origin),
    ['cli', 'mqtt'],
  );

  const notices: unknown[] = [];
  device.client.on('notice', (notice) => notices.push(notice));
  for (const hub of [a, b]) {
    const body = { to: 'all', topic: 'news', data: hub === a ? 1 : 2 };
    const { report } = await callApi(socketOf(hub), 'POST /api/v1/notices', { body });
    assert.deepEqual(report, { matched: 1, sent: 1, dropped: 0, offline: 0, tooLarge: 0 });
  }
  await waitFor(() => notices.length >= 2, { what: 'both notices', ...patient });
  for (const hub of [a, b]) {
    const listed = await callApi(socketOf(hub), 'GET /api/v1/notices', {});
    assert.equal(listed.notices.length, 2, 'every hub lists them');
  }
  assert.equal(notices.length, 2, 'each once');

  await callApi(socketOf(asked), 'POST /api/v1/schedules', {
    body: {
      name: 'nightly',
      cron: '0 3 * * *',
      timeZone: 'UTC',
      to: 'all',
      action: { kind: 'notice', topic: 'hello', data: 1 },
    },
  });
  for (const hub of [a, b]) {
    const { schedules } = await callApi(socketOf(hub), 'GET /api/v1/schedules', {});
    assert.deepEqual(
      schedules.map(({ name }) => name),
      ['nightly'],
    );
  }
  await assert.rejects(
    callApi(socketOf(asked), 'DELETE /api/v1/schedules/{name}', { params: { name: 'of-nobody' } }),
    { code: 'schedule-unknown' },
  );

  await callApi(socketOf(asked), 'DELETE /api/v1/operators/accounts/{name}', { params: { name: anna.name } });
  await waitFor(
    async () => (await fetch(`${other.adminUrl}/api/v1/me`, { headers: { cookie } })).status === 401,
    { what: 'the end of the login at the other hub', ...patient },
  );
});
