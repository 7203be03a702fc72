import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveDevices } from '../../../hub/adapters/http/routes/device-routes.ts';
import type { PartsHealth } from '../../../hub/admin/readiness.ts';
import { adminClient, callApi } from '../../../hub/cli/admin-client.ts';
import type { DeviceReadingsQuery } from '../../../hub/telemetry/history/readings.ts';
import { serveAdmin, ask, getJson, faultOf, newDevice } from '../../helpers/hubs/served-admin.ts';

test('health and metrics are on the TCP listener, devices are not', async (t) => {
  const { admin } = await serveAdmin(t);
  assert.deepEqual(await getJson(`${admin.url}/livez`), { status: 200, body: { live: true } });
  const metrics = await fetch(`${admin.url}/metrics`);
  assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain/);
  assert.match(await metrics.text(), /^hub_frames_total 7$/m);
  for (const [method, path] of [
    ['GET', '/api/v1/devices'],
    ['POST', '/api/v1/devices'],
    ['DELETE', '/api/v1/devices/d-1'],
  ] as const) {
    const response = await fetch(`${admin.url}${path}`, { method });
    assert.equal(response.status, 404);
    assert.match(await response.text(), /"code":"path-unknown"/);
  }
});

test('readiness names each part, what is degraded, and why', async (t) => {
  let now: PartsHealth | Error = { ready: true, parts: { store: { ok: true }, bus: { ok: true } } };
  const readiness = (): Promise<PartsHealth> =>
    now instanceof Error ? Promise.reject(now) : Promise.resolve(now);
  const { admin } = await serveAdmin(t, { readiness });
  const url = `${admin.url}/readyz`;
  assert.deepEqual(await getJson(url), {
    status: 200,
    body: { ready: true, state: 'ready', degraded: [], parts: now.parts },
  });

  now = { ready: true, parts: { store: { ok: false, reason: 'connect ECONNREFUSED' }, bus: { ok: true } } };
  assert.deepEqual(await getJson(url), {
    status: 200,
    body: { ready: true, state: 'degraded', degraded: ['store'], parts: now.parts },
  });

  now = { ready: false, parts: { devices: { ok: false, reason: 'the hub is stopping' } } };
  assert.deepEqual(await getJson(url), {
    status: 503,
    body: { ready: false, state: 'not-ready', degraded: ['devices'], parts: now.parts },
  });

  now = new Error('the check itself failed');
  const { status, body } = await getJson(url);
  assert.equal(status, 503);
  assert.match(JSON.stringify(body), /the check itself failed/);
});

test('devices are added, listed, shown and removed over the socket', async (t) => {
  const { socketPath } = await serveAdmin(t);
  const client = adminClient(socketPath);
  const added = await client.addDevices({ ids: ['d-2', 'd-1'], type: 'env-sensor@1', site: 'roof' });
  assert.deepEqual(
    added.map(({ id }) => id),
    ['d-2', 'd-1'],
  );
  for (const { secret } of added) assert.ok(secret.length >= 22, 'at least 128 bits');
  assert.deepEqual(
    (await client.listDevices({ limit: 10 })).devices.map(({ id, site }) => `${id} ${site}`).toSorted(),
    ['d-1 roof', 'd-2 roof'],
  );
  assert.equal((await client.showDevice('d-1')).type, 'env-sensor@1');
  await client.removeDevice('d-1');
  const unknown = await faultOf(client.showDevice('d-1'));
  assert.equal(unknown.code, 'device-unknown');
  assert.match(unknown.message, /^there is no device with this id: d-1/);
});

test('the answer with the secrets may not be cached', async (t) => {
  const { socketPath } = await serveAdmin(t);
  const { status, headers } = await ask(socketPath, 'POST', '/api/v1/devices', newDevice(['d-1']));
  assert.equal(status, 201);
  assert.equal(headers['cache-control'], 'no-store');
});

test('a device that exists refuses the whole request', async (t) => {
  const { socketPath } = await serveAdmin(t);
  const client = adminClient(socketPath);
  const add = (ids: string[]): Promise<unknown> =>
    client.addDevices({ ids, type: 'env-sensor@1', site: 'a' });
  await add(['d-2']);
  const exists = await faultOf(add(['d-1', 'd-2', 'd-3']));
  assert.equal(exists.code, 'device-exists');
  assert.match(exists.message, /d-2/);
  assert.deepEqual(
    (await client.listDevices({ limit: 10 })).devices.map(({ id }) => id),
    ['d-2'],
  );
});

test('a bad body is answered with the field and the rule, and changes nothing', async (t) => {
  const { socketPath } = await serveAdmin(t);
  const cases: [string | Buffer, RegExp][] = [
    ['{', /JSON/],
    ['[]', /body must be object/],
    [`${newDevice(['d-1'])}\0`, /nothing after it; it is followed by U\+0000/],
    [
      newDevice(['d-1']).replace('"site"', '"site":"a","site"'),
      /body\/site must be given once; it is given twice/,
    ],
    ['{"ids":["a\\ud800"]}', /body\/ids\/0 must be a text without half a surrogate pair/],
    [Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/],
    [newDevice('d-1'), /body\/ids must be array/],
    [newDevice([]), /body\/ids must be at least 1 items/],
    [newDevice(['a b']), /body\/ids\/0 must be a text like \^\[A-Za-z0-9_-\]/],
    [newDevice([7]), /body\/ids\/0 must be string/],
    [newDevice(['d-1', 'd-1']), /d-1 is named twice/],
    [newDevice(['d-1'], { type: 'env-sensor' }), /body\/type must be/],
    [newDevice(['d-1'], { type: 'env-sensor@99' }), /env-sensor@99/],
    [newDevice(['d-1'], { site: 'a,b' }), /body\/site must be/],
    [newDevice(['d-1'], { colour: 1 }), /body\/colour must be no field of this name/],
    [JSON.stringify({ ids: ['d-1'], type: 'env-sensor@1' }), /body\/site must be present/],
    [
      newDevice(Array.from({ length: 10_001 }, (_, index) => `d-${index}`)),
      /body\/ids must be at most 10000 items/,
    ],
  ];
  for (const [body, message] of cases) {
    const answer = await ask(socketPath, 'POST', '/api/v1/devices', body);
    assert.equal(answer.status, 400, body.toString().slice(0, 80));
    const { error } = answer.body as { error: { code: string; message: string } };
    assert.equal(error.code, 'input-invalid');
    assert.match(error.message, message);
  }
  assert.equal((await ask(socketPath, 'POST', '/api/v1/devices', '<ids/>', 'application/xml')).status, 415);
  assert.equal(
    (await ask(socketPath, 'POST', '/api/v1/devices', newDevice(['x'.repeat(1_100_000)]))).status,
    413,
  );
  assert.deepEqual((await adminClient(socketPath).listDevices({ limit: 10 })).devices, []);
});

test('readings are asked for by range, and a bad range is named', async (t) => {
  const { socketPath, queries } = await serveAdmin(t);
  const query: DeviceReadingsQuery = {
    device: 'd-1',
    stream: 'env',
    fromMs: 5,
    toMs: 9,
    limit: 3,
    take: 'first',
  };
  const { device: id, stream, ...range } = query;
  assert.deepEqual(
    await callApi(socketPath, 'GET /api/v1/devices/{id}/readings/{stream}', {
      params: { id, stream },
      query: range,
    }),
    { readings: [{ timeMs: 1_767_225_600_000.25, fields: { temperature: 21.5 } }] },
  );
  assert.deepEqual(queries, [query]);
  const cases: [string, RegExp][] = [
    ['', /query toMs must be a whole number/],
    ['toMs=-1', /query toMs/],
    ['toMs=9&fromMs=now', /query fromMs/],
    ['toMs=9&limit=100001', /query limit must be a whole number of 1 to 100000/],
    ['toMs=9&limit=0', /query limit must be a whole number of 1 to 100000/],
    ['toMs=9007199254740991', /query toMs must be a whole number of at most/],
    ['toMs=9&fromMs=9007199254740991', /query fromMs must be a whole number of at most/],
    ['toMs=9&take=some', /query take must be one of first, last/],
    ['toMs=9&toMs=8', /query toMs/],
  ];
  for (const [text_, message] of cases) {
    const answer = await ask(socketPath, 'GET', `/api/v1/devices/d-1/readings/env?${text_}`);
    assert.equal(answer.status, 400, text_);
    assert.match(JSON.stringify(answer.body), message);
  }
  assert.equal(queries.length, 1);
});

test('a fault inside the hub is told without its inner words', async (t) => {
  const broken = (): Promise<never> => Promise.reject(new Error('the pepper is 1234'));
  const { socketPath } = await serveAdmin(t, {
    serveApi: (app) =>
      serveDevices(app, {
        addDevices: broken,
        listDevices: broken,
        countDevices: broken,
        showDevice: broken,
        removeDevice: broken,
        labelDevice: broken,
        why: broken,
      }),
  });
  const error = await faultOf(adminClient(socketPath).listDevices({ limit: 10 }));
  assert.equal(error.code, 'hub-unreachable');
  assert.match(error.message, /it answered 500: .*its log says why/);
  assert.ok(!error.message.includes('1234'));
});
