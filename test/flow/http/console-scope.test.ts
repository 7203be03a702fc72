import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connectAsync } from 'mqtt';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import type { LiveMessage, LiveTopic } from '../../../schemas/api/live.ts';
import { connectLive, type LiveClient } from '../../helpers/devices/live-client.ts';
import { withToken, type Asker } from '../../helpers/hubs/operators.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Who reaches only some devices learns nothing of the others, whatever it asks. */

interface Scene {
  hub: InProcessHub;
  all: Asker;
  east: Asker;
}

/** One device east, one west; both have sent one good reading and one bad one. */
async function scene(t: TestContext): Promise<Scene> {
  const hub = await startInProcessHub(t);
  await hub.add(['e-1'], 'env-sensor@1', 'east');
  await hub.add(['w-1'], 'env-sensor@1', 'west');
  const all = await withToken(hub, 'all', { role: 'admin' });
  const east = await withToken(hub, 'east', { role: 'operator', devices: 'site=east' });
  for (const id of ['e-1', 'w-1']) {
    const device = await openRaw(hub.device(id));
    t.after(() => device.close());
    for (const [seq, temperature] of [
      [1, 20],
      [2, 900],
    ])
      device.send({ type: 'telemetry', seq, ts: Date.now(), stream: 'env', data: { temperature } });
    await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 2);
  }
  return { hub, all, east };
}

/** Live sockets of both, when the first message of this kind has come. */
async function watching(
  t: TestContext,
  { hub, all, east }: Scene,
  topics: readonly LiveTopic[],
  first: LiveMessage['t'],
): Promise<{ whole: LiveClient; part: LiveClient }> {
  const open = async ({ headers }: Asker): Promise<LiveClient> => {
    const client = await connectLive(hub.hub.adminUrl, headers);
    t.after(() => client.ws.terminate());
    client.watch(...topics);
    await client.next(first);
    return client;
  };
  return { whole: await open(all), part: await open(east) };
}

test('no answer to who reaches one site names a device of another', async (t) => {
  const { hub, all, east } = await scene(t);
  for (const id of ['e-1', 'w-1'])
    await hub.ask('POST /api/v1/notices', { body: { to: id, topic: 'hello', data: id } });
  await hub.ask('POST /api/v1/notices', { body: { to: 'site=west', topic: 'hello', data: 'w-1' } });
  for (const id of ['e-1', 'w-1']) {
    const action = { kind: 'notice', topic: 'hello', data: id };
    const schedule = { name: `for-${id}`, cron: '0 3 * * *', timeZone: 'UTC', to: id, action };
    assert.equal((await all.ask('POST', '/schedules', schedule)).status, 201);
  }
  const secretive = [
    '/schedules',
    '/devices?limit=10',
    '/ledger',
    '/rejects',
    '/incidents',
    '/notices',
    '/dead-letters',
    '/commands',
    '/rotations',
    '/hub',
    '/device-types',
  ];
  for (const path of secretive) {
    const { status, body } = await east.get(path);
    assert.equal(status, 200, path);
    assert.doesNotMatch(JSON.stringify(body), /w-1/, path);
  }
  for (const path of ['/ledger', '/rejects', '/notices', '/schedules', '/devices'])
    assert.match(JSON.stringify((await all.get(path)).body), /w-1/, `${path} shows it to whom it may`);
  for (const path of ['/devices?limit=10', '/ledger', '/rejects', '/notices', '/schedules'])
    assert.match(JSON.stringify((await east.get(path)).body), /e-1/, path);
  for (const path of ['/spool/lines', '/audit', '/enrolments'])
    assert.equal((await east.get(path)).status, 403, path);
  for (const path of [
    '',
    '/last',
    '/nacks',
    '/why',
    '/presence?fromMs=0&toMs=1',
    '/series/env?fromMs=0&toMs=1',
  ])
    assert.equal((await east.get(`/devices/w-1${path}`)).status, 403, path);
  assert.equal((await east.get('/ledger?device=w-1')).status, 404);
});

test('its sums are those of its devices', async (t) => {
  const { all, east } = await scene(t);
  const sumOf = async (asker: Asker): Promise<unknown> => {
    const { total } = (await asker.get('/ledger')).body as { total: Record<string, number> };
    return [total['received'], total['rejected'], total['imbalance']];
  };
  assert.deepEqual(await sumOf(east), [2, 1, 0]);
  const whole = (await sumOf(all)) as number[];
  assert.ok((whole[0] ?? 0) >= 4);
  const hub = (await east.get('/hub')).body as Record<string, Record<string, unknown>>;
  assert.deepEqual(
    [hub['devices']?.['total'], hub['sessions'], hub['ledger']?.['received'], hub['ledger']?.['imbalance']],
    [1, 1, 2, 0],
  );
  assert.deepEqual(
    [hub['ledger']?.['rejected'], hub['closes'], hub['commands']],
    [{}, {}, { open: 0, byStatus: {} }],
  );
  const { rejects } = (await east.get('/rejects')).body as { rejects: { count: number }[] };
  assert.deepEqual(
    rejects.map(({ count }) => count),
    [1],
  );
});

test('commands, group commands and incidents are told live to whom they concern, each in its part', async (t) => {
  const { hub, all, east } = await scene(t);
  const { whole, part } = await watching(t, { hub, all, east }, ['commands', 'incidents', 'fleet'], 'counts');
  const sent = await all.ask('POST', '/group-commands', {
    to: 'all',
    name: 'identify',
    command: { id: 'g-1', wave: 10 },
  });
  assert.equal(sent.status, 202);
  const shown = async (client: LiveClient, count: number): Promise<void> => {
    await client.next('group-command', ({ groupCommand: { id, devices, targets } }) => {
      return id === 'g-1' && devices.length === count && targets === count;
    });
  };
  await shown(whole, 2);
  await shown(part, 1);
  await whole.next('command', ({ command }) => command.device === 'w-1');
  await part.next('command', ({ command }) => command.device === 'e-1');
  assert.ok(!JSON.stringify(part.messages).includes('w-1'));
});

test('a device that comes back at another site is no longer shown to who watched it', async (t) => {
  const { hub, all, east } = await scene(t);
  const { whole, part } = await watching(t, { hub, all, east }, ['fleet', 'device:e-1'], 'device');
  assert.equal((await all.ask('DELETE', '/devices/e-1')).status, 204);
  await Promise.all([whole.next('gone'), part.next('gone')]);
  const before = part.messages.length;
  await hub.add(['e-1'], 'env-sensor@1', 'west');
  const device = await openRaw(hub.device('e-1'));
  t.after(() => device.close());
  for (const [seq, temperature] of [
    [1, 21],
    [2, 900],
  ])
    device.send({ type: 'telemetry', seq, ts: Date.now(), stream: 'env', data: { temperature } });
  await whole.next('reading');
  await whole.next('nack');
  await whole.next('device', ({ details }) => details.site === 'west');
  assert.equal((await all.ask('DELETE', '/devices/e-1')).status, 204);
  await hub.add(['e-1'], 'env-sensor@1', 'east');
  await waitFor(() => part.messages.slice(before).find(({ t: kind }) => kind === 'device'), {
    what: 'the device is shown again once it is east again',
  });
  const told = JSON.stringify(part.messages.slice(before));
  assert.doesNotMatch(told, /west|"t":"(reading|nack|gone)"/);
});

test('a group command is shown to who reaches one of its devices, in that part alone', async (t) => {
  const { all, east } = await scene(t);
  for (const [id, to] of [
    ['g-all', 'all'],
    ['g-west', 'site=west'],
  ]) {
    const sent = await all.ask('POST', '/group-commands', { to, name: 'identify', command: { id } });
    assert.equal(sent.status, 202);
  }
  const part = (await east.get('/group-commands/g-all')).body;
  assert.deepEqual([part['targets'], (part['devices'] as unknown[]).length], [1, 1]);
  assert.equal((await east.get('/group-commands/g-west')).status, 404);
  assert.equal((await all.get('/group-commands/g-west')).body['targets'], 1);
});

test('neither a dry run nor groups, schedules or accounts name what lies beyond the rights of the caller', async (t) => {
  const { hub, all, east } = await scene(t);
  const selectors = { mine: 'site=east', theirs: 'site=west', one: 'w-1', both: 'all', none: 'site=north' };
  for (const [name, selector] of Object.entries(selectors))
    assert.equal((await all.ask('PUT', `/groups/${name}`, { selector })).status, 200);
  assert.deepEqual((await east.get('/groups')).body['groups'], [{ name: 'mine', selector: 'site=east' }]);
  for (const addressed of [{ to: 'all' }, { to: 'site=west' }, { to: 'w-1' }, { group: 'theirs' }]) {
    const dry = await east.ask('POST', '/group-commands', { ...addressed, name: 'identify', dryRun: true });
    assert.equal(dry.status, 200, JSON.stringify(dry.body));
    assert.doesNotMatch(JSON.stringify(dry.body), /w-1/);
    assert.equal((dry.body['refusal'] as { reason: string }).reason, 'forbidden');
  }
  const whole = await all.ask('POST', '/group-commands', { to: 'all', name: 'identify', dryRun: true });
  assert.deepEqual(whole.body['devices'], ['e-1', 'w-1']);
  for (const [name, to] of [
    ['for-east', 'e-1'],
    ['for-west', 'w-1'],
  ]) {
    const action = { kind: 'command', name: 'identify', params: {} };
    const added = await all.ask('POST', '/schedules', {
      name,
      cron: '0 4 * * *',
      timeZone: 'UTC',
      to,
      action,
    });
    assert.equal(added.status, 201, JSON.stringify(added.body));
  }
  assert.equal((await east.get('/schedules/for-east/times')).status, 200);
  assert.equal((await east.get('/schedules/for-west/times')).status, 404);
  const eastAdmin = await withToken(hub, 'east-admin', { role: 'admin', devices: 'site=east' });
  assert.equal((await eastAdmin.get('/operators')).status, 403);
});

test('a reader of the embedded broker gets nothing more of a device that comes back at another site', async (t) => {
  const { hub, all, east } = await scene(t);
  const [whole, part] = await Promise.all(
    [all, east].map(async ({ headers }) => {
      const password = (headers['authorization'] ?? '').slice('Bearer '.length);
      const client = await connectAsync(hub.hub.brokerUrl ?? '', {
        username: 'x',
        password,
        reconnectPeriod: 0,
      });
      t.after(() => client.end(true));
      const seen: string[] = [];
      client.on('message', (topic, payload) => seen.push(payload.length === 0 ? `${topic} cleared` : topic));
      await client.subscribeAsync(['hub/v1/telemetry/e-1/#', 'hub/v1/presence/e-1'], { qos: 1 });
      return seen;
    }),
  );
  assert.ok(whole !== undefined && part !== undefined);
  const count = (seen: readonly string[], topic: string): number =>
    seen.filter((one) => one === topic).length;
  await waitFor(() => count(part, 'hub/v1/presence/e-1') > 0, { what: 'its presence' });
  assert.equal((await all.ask('DELETE', '/devices/e-1')).status, 204);
  await waitFor(() => count(part, 'hub/v1/presence/e-1 cleared') > 0, { what: 'that it is gone' });
  const known = part.length;
  await hub.add(['e-1'], 'env-sensor@1', 'west');
  const device = await openRaw(hub.device('e-1'));
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 21 } });
  await waitFor(() => count(whole, 'hub/v1/telemetry/e-1/env') > 0, { what: 'its reading' });
  assert.deepEqual(part.slice(known), []);
});

test('a connection to the embedded broker ends with the token it was opened with', async (t) => {
  const hub = await startInProcessHub(t);
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  const added = await admin.ask('POST', '/operators/tokens', {
    name: 'short',
    role: 'operator',
    devices: '*',
    safety: 'critical',
    notAfterMs: Date.now() + 2_000,
  });
  assert.equal(added.status, 201, JSON.stringify(added.body));
  const password = String(added.body['token']);
  const client = await connectAsync(hub.hub.brokerUrl ?? '', { username: 'x', password, reconnectPeriod: 0 });
  t.after(() => client.end(true));
  await new Promise((resolve) => {
    client.once('close', () => resolve(undefined));
  });
  const { headers } = admin;
  const other = await connectAsync(hub.hub.brokerUrl ?? '', {
    username: 'x',
    password: (headers['authorization'] ?? '').slice('Bearer '.length),
    reconnectPeriod: 0,
  });
  t.after(() => other.end(true));
  assert.ok(other.connected);
});
