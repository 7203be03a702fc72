import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import envSensor from '../../../schemas/device-types/env-sensor@1.json' with { type: 'json' };
import { startInfluxed } from '../../helpers/hubs/influxed-hub.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { connectLive } from '../../helpers/devices/live-client.ts';
import { withToken, type Asker } from '../../helpers/hubs/operators.ts';
import { openRaw, type RawDevice } from '../../helpers/devices/raw-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** What the console's pages read, from a real hub on either store. */

const hubs: Record<string, (t: TestContext) => Promise<InProcessHub>> = {
  'the embedded store': (t) => startInProcessHub(t),
  InfluxDB: (t) => startInfluxed(t),
};

async function device(t: TestContext, hub: InProcessHub, id: string): Promise<RawDevice> {
  await hub.add([id]);
  await nextMillisecond();
  const connected = await openRaw(hub.device(id), { firmware: '1.2.3' });
  t.after(() => connected.close());
  return connected;
}

const rowsOf = (body: Record<string, unknown>, name: string): Record<string, unknown>[] =>
  body[name] as Record<string, unknown>[];

async function stored(viewer: Asker, count: number): Promise<void> {
  await waitFor(
    async () => {
      const { body } = await viewer.get('/ledger?device=d-1');
      return rowsOf(body, 'accounts')[0]?.['stored'] === count;
    },
    { what: `${count} readings are stored` },
  );
}

/** Changes of one millisecond may be one point. */
function nextMillisecond(): Promise<boolean> {
  const nowMs = Date.now();
  return waitFor(() => Date.now() > nowMs, { what: 'the clock goes on', everyMs: 1 });
}

for (const [name, start] of Object.entries(hubs)) {
  suite(`on ${name}`, () => {
    test('a series is thinned, its last values are there at once and after a restart', async (t) => {
      const hub = await start(t);
      const viewer = await withToken(hub, 'viewer');
      const sender = await device(t, hub, 'd-1');
      const t0 = Math.floor(Date.now() / 10_000) * 10_000 - 60_000;
      const samples = Array.from({ length: 200 }, (_, n) => ({
        ts: t0 + n * 100,
        data: { temperature: n / 4, ...(n % 2 === 0 ? { rssi: -n } : {}) },
      }));
      sender.send({ type: 'telemetry', seq: 1, stream: 'env', samples });
      await stored(viewer, 200);

      const query = `fromMs=${t0}&toMs=${t0 + 20_000}`;
      const series = await viewer.get(`/devices/d-1/series/env?${query}&points=2&fields=temperature,rssi`);
      assert.equal(series.status, 200);
      assert.deepEqual(series.body, {
        fromMs: t0,
        toMs: t0 + 20_000,
        stepMs: 10_000,
        times: [t0, t0 + 10_000],
        fields: {
          temperature: { mean: [12.375, 37.375], min: [0, 25], max: [24.75, 49.75], count: [100, 100] },
          rssi: { mean: [-49, -149], min: [-98, -198], max: [0, -100], count: [50, 50] },
        },
      });
      const all = await viewer.get(`/devices/d-1/series/env?${query}&points=2000`);
      assert.equal((all.body['times'] as number[]).length, 200, 'no bucket without a point');
      assert.deepEqual(Object.keys(all.body['fields'] as object), [
        'temperature',
        'humidity',
        'battery',
        'rssi',
      ]);

      const last = { timeMs: t0 + 19_900, fields: { temperature: 49.75 } };
      assert.deepEqual((await viewer.get('/devices/d-1/last')).body, { streams: { env: last } });
      // An older one, told later, is not the last.
      sender.send({
        type: 'telemetry',
        seq: 2,
        ts: t0 - 5_000,
        stream: 'env',
        data: { temperature: 1 },
      });
      await stored(viewer, 201);
      assert.deepEqual((await viewer.get('/devices/d-1/last')).body, { streams: { env: last } });
      await hub.restart();
      assert.deepEqual((await viewer.get('/devices/d-1/last')).body, { streams: { env: last } });

      const bad: [string, RegExp][] = [
        ['points=2', /fromMs/],
        [`${query}&points=2001`, /query points must be a whole number of 1 to 2000|at most 2000/],
        [`fromMs=${t0}&toMs=${t0}`, /toMs must be a time after fromMs/],
        [`${query}&fields=colour`, /fields must be numbers or booleans of the stream: temperature/],
        [
          `${query}&fields=${encodeURIComponent('temperature") FROM x; DROP DATABASE "hub')}`,
          /fields must be/,
        ],
        [`${query}&colour=1`, /colour/],
      ];
      for (const [text, words] of bad) {
        const { status, body } = await viewer.get(`/devices/d-1/series/env?${text}`);
        assert.equal(status, 400, text);
        assert.match(JSON.stringify(body), words);
      }
      assert.equal((await viewer.get(`/devices/d-1/series/none?${query}`)).status, 400);
      assert.equal((await viewer.get(`/devices/nobody/series/env?${query}`)).status, 404);
    });

    test('the history of presence has each change once, whatever snapshots stand between', async (t) => {
      const hub = await start(t);
      const viewer = await withToken(hub, 'viewer');
      const beginMs = Date.now();
      const sender = await device(t, hub, 'd-1');
      await nextMillisecond();
      sender.send({ type: 'bye' });
      await sender.closed;
      await nextMillisecond();
      const again = await openRaw(hub.device('d-1'));
      t.after(() => again.close());
      const history = await waitFor(
        async () => {
          const { body } = await viewer.get(
            `/devices/d-1/presence?fromMs=${beginMs - 1_000}&toMs=${Date.now() + 1_000}`,
          );
          return rowsOf(body, 'changes').length >= 4 ? body : undefined;
        },
        { what: 'four changes are stored' },
      );
      assert.equal(history['stateBefore'], null);
      assert.deepEqual(
        rowsOf(history, 'changes').map(({ state, reason }) => [state, reason]),
        [
          ['never-seen', 'registered'],
          ['online', 'session-opened'],
          ['offline', 'bye'],
          ['online', 'session-opened'],
        ],
      );
      const times = rowsOf(history, 'changes').map(({ timeMs }) => Number(timeMs));
      const { body } = await viewer.get(
        `/devices/d-1/presence?fromMs=${Math.ceil(times[2] ?? 0) + 1}&toMs=${times[3]}`,
      );
      assert.deepEqual(body, { changes: [], stateBefore: 'offline' });
      const first = await viewer.get(`/devices/d-1/presence?fromMs=0&toMs=${Date.now() + 1_000}&limit=1`);
      assert.equal(rowsOf(first.body, 'changes').length, 1);
    });
  });
}

test('refusals are listed by device, newest first, summed up by field, and shown live', async (t) => {
  const hub = await startInProcessHub(t);
  const viewer = await withToken(hub, 'viewer');
  const sender = await device(t, hub, 'd-1');
  const live = await connectLive(hub.hub.adminUrl, viewer.headers);
  t.after(() => live.ws.terminate());
  live.watch('device:d-1');
  const { details } = await live.next('device');
  assert.equal(details.firmware, '1.2.3');
  const send = (seq: number, data: object): void =>
    sender.send({ type: 'telemetry', seq, ts: Date.now(), stream: 'env', data });
  send(1, { temperature: 900 });
  send(2, { temperature: 901 });
  send(3, { temperature: 20, colour: 'red' });
  await sender.next('nack', ({ seq }) => seq === 3);
  const { body } = await viewer.get('/devices/d-1/nacks');
  assert.deepEqual(
    rowsOf(body, 'nacks').map(({ seq, code, stream, field, rule, firmware, message }) => [
      seq,
      code,
      stream,
      field,
      rule,
      firmware,
      message,
    ]),
    [
      [
        3,
        'schema',
        'env',
        '/colour',
        'additionalProperties',
        '1.2.3',
        '/colour must be no field of this name; it is "red"',
      ],
      [2, 'schema', 'env', '/temperature', 'maximum', '1.2.3', '/temperature must be <= 125; it is 901'],
      [1, 'schema', 'env', '/temperature', 'maximum', '1.2.3', '/temperature must be <= 125; it is 900'],
    ],
  );
  const { message } = await live.next('nack', ({ seq }) => seq === 2);
  assert.equal(message, '/temperature must be <= 125; it is 901');
  const rejects = (await viewer.get('/rejects')).body;
  assert.equal(rejects['other'], 0);
  assert.deepEqual(
    rowsOf(rejects, 'rejects').map((row) => ({ ...row, lastMs: 0 })),
    [
      {
        type: 'env-sensor@1',
        stream: 'env',
        field: '/temperature',
        rule: 'maximum',
        firmware: '1.2.3',
        count: 2,
        lastMs: 0,
        example: { device: 'd-1', message: '/temperature must be <= 125; it is 901' },
      },
      {
        type: 'env-sensor@1',
        stream: 'env',
        field: '/colour',
        rule: 'additionalProperties',
        firmware: '1.2.3',
        count: 1,
        lastMs: 0,
        example: { device: 'd-1', message: '/colour must be no field of this name; it is "red"' },
      },
    ],
  );
  send(4, { temperature: 21.5, humidity: 40 });
  const reading = await live.next('reading');
  assert.deepEqual(reading.fields, { temperature: 21.5, humidity: 40 });
  assert.equal(reading.stream, 'env');
  await live.next('device', ({ details: now }) => (now.lastDataMs ?? 0) > 0);
  await hub.admin.removeDevice('d-1');
  await live.next('gone', ({ id }) => id === 'd-1');
  assert.equal((await viewer.get('/devices/d-1/nacks')).status, 404);
});

test('devices are listed page by page, and found by what they are', async (t) => {
  const hub = await startInProcessHub(t);
  const viewer = await withToken(hub, 'viewer');
  await hub.add(['a-1', 'a-2', 'a-3'], 'env-sensor@1', 'hall');
  await hub.add(['b-1'], 'smart-valve@1', 'Roof');
  await hub.admin.labelDevice('a-2', { set: { floor: '2', owner: 'Näomi' }, remove: [] });
  const ids = async (query: string): Promise<unknown> => {
    const { status, body } = await viewer.get(`/devices?${query}`);
    return status === 200 ? [rowsOf(body, 'devices').map(({ id }) => id), body['next']] : status;
  };
  assert.deepEqual(await ids('limit=2'), [['a-1', 'a-2'], 'a-2']);
  assert.deepEqual(await ids('limit=2&after=a-2'), [['a-3', 'b-1'], null]);
  assert.deepEqual(await ids('after=b-1'), [[], null]);
  assert.deepEqual(await ids('type=smart-valve'), [['b-1'], null]);
  assert.deepEqual(await ids('type=env-sensor@1&limit=1'), [['a-1'], 'a-1']);
  assert.deepEqual(await ids('type=env-sensor@2'), [[], null]);
  assert.deepEqual(await ids('site=Roof'), [['b-1'], null]);
  assert.deepEqual(await ids('q=ROO'), [['b-1'], null]);
  assert.deepEqual(await ids(`q=${encodeURIComponent('näo')}`), [['a-2'], null]);
  assert.deepEqual(await ids('q=floor'), [[], null], 'keys of labels are not looked at');
  assert.deepEqual(await ids('label=floor%3D2&label=owner%3DN%C3%A4omi'), [['a-2'], null]);
  assert.deepEqual(await ids('label=floor%3D2&label=owner%3Dx'), [[], null]);
  assert.deepEqual(await ids('state=never-seen&limit=4'), [['a-1', 'a-2', 'a-3', 'b-1'], null]);
  assert.deepEqual(await ids('state=online'), [[], null]);
  for (const bad of ['limit=0', 'limit=10001', 'state=gone', 'label=floor', 'colour=red', 'q='])
    assert.equal(await ids(bad), 400, bad);
});

test('device types are counted, and told as their files say them', async (t) => {
  const hub = await startInProcessHub(t);
  const viewer = await withToken(hub, 'viewer');
  const east = await withToken(hub, 'east', { devices: 'site=east' });
  await hub.add(['a-1', 'a-2']);
  await hub.add(['e-1'], 'env-sensor@1', 'east');
  const rowOf = async (asker: Asker): Promise<unknown> =>
    rowsOf((await asker.get('/device-types')).body, 'types').find(({ id }) => id === 'env-sensor@1');
  const commands = ['set-interval', 'identify', 'reboot'];
  const commandTitles = Object.fromEntries(
    Object.entries(envSensor.commands).map(([name, { title }]) => [name, title]),
  );
  const row = { id: 'env-sensor@1', streams: ['env'], commands, commandTitles, updatesFirmware: true };
  assert.deepEqual(await rowOf(viewer), { ...row, devices: 3 });
  assert.deepEqual(await rowOf(east), { ...row, devices: 1 });
  const { body } = await viewer.get('/device-types/env-sensor@1');
  const { $schema: _, ...file } = envSensor;
  const filled = { offline: 'reject', ttlSec: 60, idempotent: false, concurrency: 1 };
  const { $schema: _told, ...told } = body;
  assert.deepEqual(told, {
    ...file,
    id: 'env-sensor@1',
    presence: { heartbeatSec: 30, graceSec: 15, maxHeartbeatSec: 120 },
    commands: Object.fromEntries(
      Object.entries(file.commands).map(([name, command]) => [name, { ...filled, ...command }]),
    ),
  });
  assert.equal((await viewer.get('/device-types/none@1')).status, 404);
});

test('the hub at a glance is whole and balances', async (t) => {
  const hub = await startInProcessHub(t);
  const viewer = await withToken(hub, 'viewer');
  const sender = await device(t, hub, 'd-1');
  sender.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 20 } });
  sender.send({ type: 'telemetry', seq: 2, ts: Date.now(), stream: 'env', data: { temperature: 900 } });
  await stored(viewer, 1);
  const { body } = await viewer.get('/hub');
  const { devices, sessions, ledger, store, bus, eventLoop, spool } = body as Record<
    string,
    Record<string, unknown>
  >;
  assert.deepEqual(devices?.['total'], 1);
  assert.equal(sessions, 1);
  assert.equal(ledger?.['imbalance'], 0);
  assert.deepEqual(ledger?.['rejected'], { schema: 1 });
  assert.deepEqual([store?.['name'], store?.['up']], ['embedded', true]);
  assert.ok(Number(store?.['writeMs']) >= 0);
  assert.deepEqual(bus, { name: 'embedded', up: true, queued: 0 });
  assert.ok(Number(eventLoop?.['maxMs']) >= Number(eventLoop?.['p50Ms']));
  assert.equal(spool?.['oldestMs'], null);
});

test('the description of the API is valid, and has every route of the pages', async (t) => {
  const hub = await startInProcessHub(t);
  const viewer = await withToken(hub, 'viewer');
  const { body } = await viewer.get('/openapi.json');
  const { valid, errors } = await new Validator().validate(body);
  assert.ok(valid, JSON.stringify(errors));
  const paths = Object.keys(body['paths'] as object);
  for (const path of [
    '/devices',
    '/devices/{id}',
    '/devices/{id}/last',
    '/devices/{id}/series/{stream}',
    '/devices/{id}/presence',
    '/devices/{id}/nacks',
    '/device-types',
    '/device-types/{id}',
    '/rejects',
    '/hub',
    '/live',
  ])
    assert.ok(paths.includes(`/api/v1${path}`), path);
});
