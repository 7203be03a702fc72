import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { RowChange } from '../../../schemas/api/live.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { connectLive, type LiveClient } from '../../helpers/devices/live-client.ts';
import { signedIn, withToken } from '../../helpers/hubs/operators.ts';
import { typesFolder } from '../../helpers/types-folder.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { RawWebSocket } from '../../helpers/devices/raw-websocket.ts';

/** The live feed of a real hub, over real sockets. */

async function live(
  t: TestContext,
  hub: InProcessHub,
  headers: Readonly<Record<string, string>>,
): Promise<LiveClient> {
  const client = await connectLive(hub.hub.adminUrl, headers);
  t.after(() => client.ws.terminate());
  return client;
}

const rowsOf = (client: LiveClient): RowChange[] =>
  client.messages.flatMap((message) => (message.t === 'fleet' ? message.devices : []));

test('who watches the fleet sees devices come, change, and go', async (t) => {
  const hub = await startInProcessHub(t);
  const { headers } = await withToken(hub, 'viewer');
  const client = await live(t, hub, headers);
  client.watch('fleet', 'hub');
  const first = await client.next('counts');
  assert.equal(first.devices, 0);
  const { version, store } = await client.next('hub');
  assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.deepEqual([store.name, store.up], ['embedded', true]);

  await hub.add(['d-1']);
  const { added } = await client.next('fleet', (message) => message.added.length > 0);
  assert.deepEqual(
    added.map(({ id, presence }) => [id, presence]),
    [['d-1', 'never-seen']],
  );
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  await client.next('fleet', ({ devices }) =>
    devices.some(([id, state]) => id === 'd-1' && state === 'online'),
  );
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 21 } });
  await client.next('fleet', ({ devices }) =>
    devices.some(([id, , , dataMs]) => id === 'd-1' && dataMs !== null),
  );
  await client.next('counts', ({ byState }) => byState['online'] === 1);
  await hub.admin.removeDevice('d-1');
  const { removed } = await client.next('fleet', (message) => message.removed.length > 0);
  assert.deepEqual(removed, ['d-1']);
});

test('who reaches only some devices is told of those alone', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['e-1'], 'env-sensor@1', 'east');
  await hub.add(['w-1', 'w-2'], 'env-sensor@1', 'west');
  const { headers } = await withToken(hub, 'east', { devices: 'site=east' });
  const client = await live(t, hub, headers);
  client.watch('fleet', 'hub', 'device:w-1');
  // The same answer as for a device that is not there; the rest is watched all the same.
  assert.equal((await client.next('gone')).id, 'w-1');
  const counts = await client.next('counts');
  assert.equal(counts.devices, 1);
  const { devices, closes } = await client.next('hub');
  assert.equal(devices.total, 1);
  assert.deepEqual(closes, {});
  const west = await openRaw(hub.device('w-1'));
  const east = await openRaw(hub.device('e-1'));
  t.after(() => (west.close(), east.close()));
  await client.next('fleet', (message) => message.devices.length > 0);
  await hub.admin.removeDevice('w-2');
  await hub.admin.removeDevice('e-1');
  const { removed } = await client.next('fleet', (message) => message.removed.length > 0);
  assert.deepEqual(removed, ['e-1']);
  assert.deepEqual([...new Set(rowsOf(client).map(([id]) => id))], ['e-1']);
});

test('a page gets in with its cookie and the exact origin, and nobody else does', async (t) => {
  const hub = await startInProcessHub(t);
  const { adminUrl } = hub.hub;
  const { headers } = await signedIn(hub, 'anna', { role: 'admin' });
  const { cookie = '' } = headers;
  const refused: [Record<string, string>, RegExp][] = [
    [{}, /401/],
    [{ authorization: 'Bearer hubt_wrong' }, /401/],
    [{ cookie: 'hub_session=wrong', origin: adminUrl }, /401/],
    [{ cookie }, /403/],
    [{ cookie, origin: 'https://evil.example' }, /403/],
    [{ cookie, origin: `${adminUrl}.evil.example` }, /403/],
  ];
  for (const [given, status] of refused) await assert.rejects(connectLive(adminUrl, given), status);
  const client = await live(t, hub, { cookie, origin: adminUrl });
  client.watch('fleet');
  await client.next('counts');
});

test('the socket ends with the login: at a logout, at a change of rights, when the token is revoked', async (t) => {
  const hub = await startInProcessHub(t);
  await signedIn(hub, 'root', { role: 'admin' });
  const leaving = await signedIn(hub, 'anna');
  const changed = await signedIn(hub, 'bert');
  const program = await withToken(hub, 'ci');
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  const sockets = await Promise.all([leaving, changed, program].map(({ headers }) => live(t, hub, headers)));
  for (const socket of sockets) socket.watch('fleet');
  await Promise.all(sockets.map((socket) => socket.next('counts')));
  assert.equal((await leaving.ask('POST', '/logout')).status, 204);
  await signedIn(hub, 'bert', { devices: 'site=east' });
  assert.equal((await admin.ask('DELETE', '/operators/tokens/ci')).status, 204);
  assert.deepEqual(await Promise.all(sockets.map(({ closed }) => closed)), [4401, 4401, 4401]);
});

test('bad messages are answered with words, too many of them with a close', async (t) => {
  const hub = await startInProcessHub(t);
  const { headers } = await withToken(hub, 'viewer');
  const client = await live(t, hub, headers);
  const cases: [string, RegExp][] = [
    ['{', /must be JSON/],
    ['[]', /\{"watch":\[topic/],
    ['{"watch":["fleet"],"watch":["hub"]}', /\/watch must be given once; it is given twice/],
    [JSON.stringify({ watch: Array(21).fill('fleet') }), /at most 20 topics/],
    [JSON.stringify({ watch: ['everything'] }), /a topic must be fleet/],
    [JSON.stringify({ watch: ['device:a b'] }), /a topic must be fleet/],
  ];
  for (const [text, words] of cases) {
    client.ws.send(text);
    await client.next('error', ({ message }) => words.test(message));
  }
  for (let n = 0; n < 50; n += 1) client.ws.send('{');
  assert.equal(await client.closed, 1008);
  const second = await live(t, hub, headers);
  second.ws.send('x'.repeat(20_000));
  assert.equal(await second.closed, 1009);
});

test('who watches the device types is told that one was published', async (t) => {
  const dir = typesFolder(t);
  const hub = await startInProcessHub(t, { HUB_SCHEMAS_DIR: dir });
  const { headers } = await withToken(hub, 'viewer', { devices: 'site=nowhere' });
  const client = await live(t, hub, headers);
  client.watch('fleet', 'types');
  await client.next('counts');
  assert.deepEqual(
    client.messages.filter(({ t: kind }) => kind === 'types'),
    [],
  );
  const id = 'env-sensor@1';
  const type = JSON.parse(readFileSync(join(dir, `${id}.json`), 'utf8')) as object;
  await hub.ask('PUT /api/v1/device-types/{id}', { params: { id }, body: { ...type, title: 'Weather' } });
  await client.next('types');
});

test('a hub that stops says goodbye to its pages', async (t) => {
  const hub = await startInProcessHub(t);
  const { headers } = await withToken(hub, 'viewer');
  const client = await live(t, hub, headers);
  await hub.restart();
  assert.equal(await client.closed, 1001);
});

test('an upgrade elsewhere is answered as any request, and not left open', async (t) => {
  const { hub } = await startInProcessHub(t);
  const port = Number(new URL(hub.adminUrl).port);
  for (const path of ['/livez', '/', '/api/v1/devices', '/nowhere', '/api/v1/nowhere', '/%']) {
    const raw = await RawWebSocket.request(port, RawWebSocket.upgradeLines({}, path));
    assert.match(raw.head, /^HTTP\/1.1 [24]/, path);
    raw.endSending();
    await raw.end();
  }
});
