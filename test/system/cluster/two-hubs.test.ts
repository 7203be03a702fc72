import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callApi } from '../../../hub/cli/admin-client.ts';
import {
  addDevices,
  clusterOf,
  clusterServices,
  detailsOf,
  presenceAt,
  socketOf,
  sendCommand,
  startClusterLab,
  statusOf,
} from '../../helpers/cluster/cluster-lab.ts';
import { mosquittoSub } from '../../helpers/services/mosquitto-clients.ts';
import { startTcpProxy } from '../../helpers/services/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Two hubs that are one: processes of their own, one PostgreSQL, one broker, one store, all of them real. */

const services = clusterServices();
const port = () => String(services.broker.port);
// A build machine is several times slower than a desk.
const patient = { timeoutMs: 60_000, everyMs: 20 };

test('a device moves between two hubs, and a command that one accepts reaches it at the other, once', async (t) => {
  const lab = startClusterLab(t, services);
  const [a, b] = await Promise.all([lab.startHub(), lab.startHub()]);
  const [secret = ''] = await addDevices(a, ['d-1']);
  const statuses = await mosquittoSub(['-p', port(), '-q', '1', '-t', `${lab.root}/status/d-1/#`]);
  t.after(() => statuses.close());
  const device = await lab.connect(b, 'd-1', secret);
  await presenceAt(a, 'd-1', 'online');

  await sendCommand(a, 'd-1', 'c-1');
  await waitFor(() => device.calls.includes('c-1'), { what: 'c-1 at the device', ...patient });
  await waitFor(async () => (await statusOf(a, 'c-1')) === 'succeeded', { what: 'c-1', ...patient });

  await device.move(a);
  await presenceAt(b, 'd-1', 'online');
  assert.equal((await detailsOf(b, 'd-1')).epoch, 2);
  await sendCommand(b, 'd-1', 'c-2');
  await waitFor(async () => (await statusOf(b, 'c-2')) === 'succeeded', { what: 'c-2', ...patient });
  // Until that is noted the next hub publishes the end again, because nobody would know that it was published.
  const owed = `SELECT count(*) FROM ${lab.name}.command WHERE owed`;
  await waitFor(() => services.postgres.sql(owed).trim() === '0', { what: 'c-2 noted', ...patient });
  await device.move(b);
  await sendCommand(b, 'd-1', 'c-3');
  await waitFor(async () => (await statusOf(a, 'c-3')) === 'succeeded', { what: 'c-3', ...patient });

  assert.deepEqual(device.calls, ['c-1', 'c-2', 'c-3']);
  const saying = (status: string): (string | undefined)[] =>
    statuses.messages.flatMap(({ topic }) => (topic.endsWith(`/${status}`) ? [topic.split('/').at(-2)] : []));
  await waitFor(() => saying('succeeded').length >= 3, { what: 'three ends', ...patient });
  for (const status of ['accepted', 'sent', 'succeeded'])
    assert.deepEqual(saying(status), ['c-1', 'c-2', 'c-3'], status);
});

test('the devices of a hub that is killed are unknown, then adopted, and online where they connect; no command runs twice', async (t) => {
  const lab = startClusterLab(t, services);
  const [a, b] = await Promise.all([lab.startHub(), lab.startHub()]);
  const [first = '', second = '', third = ''] = await addDevices(a, ['d-1', 'd-2', 'd-3']);
  const presence = await mosquittoSub(['-p', port(), '-q', '1', '-t', `${lab.root}/presence-change/+/+`]);
  const statuses = await mosquittoSub(['-p', port(), '-q', '1', '-t', `${lab.root}/status/d-1/sent/+`]);
  t.after(() => Promise.all([presence.close(), statuses.close()]));
  const one = await lab.connect(a, 'd-1', first);
  const two = await lab.connect(a, 'd-2', second);
  const three = await lab.connect(b, 'd-3', third);
  one.hold();
  await sendCommand(b, 'd-1', 'sent');
  await waitFor(() => one.calls.includes('sent'), { what: 'the command under way', ...patient });
  await waitFor(async () => (await statusOf(b, 'sent')) === 'received', { what: 'received', ...patient });

  // As of its last beat, which may be older than the start of the other.
  const seen = async () => (await clusterOf(b)).hubs.flatMap(({ leases }) => leases).length === 2;
  await waitFor(seen, { what: 'both hubs and their leases', ...patient });
  const before = (await clusterOf(b)).hubs;
  assert.deepEqual(before.map(({ state, devices }) => `${state} ${devices}`).toSorted(), ['up 1', 'up 2']);
  assert.deepEqual(before.flatMap(({ leases }) => leases).toSorted(), ['gate', 'leader']);

  // The second does not find the other hub yet.
  await two.balancer.close();
  one.lead(b);
  await a.kill('SIGKILL');
  const killedMs = performance.now();
  await presenceAt(b, 'd-2', 'unknown');
  t.diagnostic(`unknown after ${Math.round(performance.now() - killedMs)} ms`);
  await presenceAt(b, 'd-1', 'online');
  await statuses.next('the doubt about it', ({ topic }) => topic.endsWith('/uncertain'), 30_000);
  one.answer();
  await waitFor(async () => (await statusOf(b, 'sent')) === 'succeeded', { what: 'its end', ...patient });
  await sendCommand(b, 'd-2', 'waits');
  await waitFor(async () => (await statusOf(b, 'waits')) === 'queued', { what: 'waits', ...patient });

  const again = await lab.connect(b, 'd-2', second);
  await waitFor(() => again.calls.includes('waits'), { what: 'what waited', ...patient });
  assert.deepEqual([one.calls, again.calls, three.calls], [['sent'], ['waits'], []]);
  const { hubs } = await clusterOf(b);
  assert.deepEqual(hubs.map(({ state, devices }) => `${state} ${devices}`).toSorted(), ['dead 0', 'up 3']);
  const held = async () => (await clusterOf(b)).hubs.find(({ here }) => here)?.leases.length === 2;
  await waitFor(held, { what: 'both leases', ...patient });
  const told = presence.messages.map(({ topic }) => topic.split('/').slice(-2).join(' '));
  assert.ok(!told.some((change) => change.endsWith('offline')), told.join(', '));
});

test('a command to many devices ends in one report, whichever hubs they are at; who waits at one hub learns the end from another', async (t) => {
  const lab = startClusterLab(t, services);
  const [a, b] = await Promise.all([lab.startHub(), lab.startHub()]);
  const [first = '', second = ''] = await addDevices(a, ['d-1', 'd-2']);
  const [one, two] = await Promise.all([lab.connect(a, 'd-1', first), lab.connect(b, 'd-2', second)]);
  await Promise.all([presenceAt(b, 'd-1', 'online'), presenceAt(a, 'd-2', 'online')]);
  const ended = await callApi(socketOf(a), 'POST /api/v1/devices/{id}/commands/{command}', {
    params: { id: 'd-2', command: 'set-interval' },
    query: { wait: '10s' },
    body: { id: 'waited', params: { seconds: 30 } },
  });
  assert.equal(ended.status, 'succeeded');
  for (const hub of [a, b]) {
    const id = `g-${hub === a ? 'a' : 'b'}`;
    const body = { to: 'all', name: 'set-interval', command: { id, params: { seconds: 60 } } };
    await callApi(socketOf(hub), 'POST /api/v1/group-commands', { body });
    const report = () => callApi(socketOf(hub), 'GET /api/v1/group-commands/{id}', { params: { id } });
    await waitFor(async () => (await report()).status === 'finished', { what: `${id} finished`, ...patient });
    assert.equal((await report()).succeeded, 2);
  }
  assert.deepEqual(
    [one.calls, two.calls],
    [
      ['g-a', 'g-b'],
      ['waited', 'g-a', 'g-b'],
    ],
  );
});

test('a hub that does not reach PostgreSQL goes on with readings, sends no command, and its devices are served elsewhere', async (t) => {
  const lab = startClusterLab(t, services);
  const proxy = await startTcpProxy({ port: services.postgres.port });
  t.after(() => proxy.close());
  const url = new URL(lab.env.HUB_STATE_URL);
  url.port = String(proxy.port);
  const [a, b] = await Promise.all([lab.startHub({ HUB_STATE_URL: url.href }), lab.startHub()]);
  const [secret = ''] = await addDevices(b, ['d-1']);
  const device = await lab.connect(a, 'd-1', secret);
  await presenceAt(b, 'd-1', 'online');
  proxy.stall();
  await sendCommand(b, 'd-1', 'c-1');
  const settled = await device.client.measure('env', { temperature: 20 });
  assert.equal(settled.kind, 'stored');
  const ready = async (): Promise<number> => (await fetch(`${a.adminUrl}/readyz`)).status;
  await waitFor(async () => (await ready()) === 503, { what: 'a hub that may not act', ...patient });
  assert.deepEqual([device.calls, device.client.isOpen], [[], true]);
  device.lead(b);
  const told = await a.exited;
  assert.equal(told.code, 1, a.output());
  await waitFor(() => device.calls.includes('c-1'), { what: 'the command by the other hub', ...patient });
  await waitFor(async () => (await statusOf(b, 'c-1')) === 'succeeded', { what: 'c-1', ...patient });
  assert.deepEqual(device.calls, ['c-1']);
});
