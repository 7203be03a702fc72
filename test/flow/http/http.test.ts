import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { startAdmin, type Admin, type AdminDeps } from '../../../hub/adapters/http/admin-server.ts';
import { serveDevices } from '../../../hub/adapters/http/routes/device-routes.ts';
import { serveReadings, type ReadingOperations } from '../../../hub/adapters/http/routes/reading-routes.ts';
import { serveSpool } from '../../../hub/adapters/http/routes/spool-routes.ts';
import type { PartsHealth } from '../../../hub/admin/readiness.ts';
import { adminClient, callApi, hubRuns } from '../../../hub/cli/admin-client.ts';
import { readConfig } from '../../../hub/config/config.ts';
import type { DeviceReadingsQuery } from '../../../hub/telemetry/history/readings.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { Metrics } from '../../../hub/kernel/metrics.ts';
import { openOfflineOperations } from '../../../hub/offline.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

const log = createLog({ level: 'silent' });
const anyPort = { host: '127.0.0.1', port: 0 };

interface Served {
  admin: Admin;
  socketPath: string;
  dataDir: string;
  queries: DeviceReadingsQuery[];
}

/** For tests of the listeners alone. */
const unused = (): Promise<never> => Promise.reject(new Error('not asked for in this test'));

/** The real device operations on real files behind a real server. */
async function serve(t: TestContext, overrides: Partial<AdminDeps> = {}): Promise<Served> {
  const folder = temporaryFolder('http');
  t.after(() => folder.remove());
  const dataDir = folder.path;
  const { config } = readConfig({
    env: { HUB_DATA_DIR: dataDir },
    cwd: dataDir,
    isCron: () => true,
    readFile: () => '',
  });
  const devices = await openOfflineOperations(config, { create: true });
  t.after(() => devices.close());
  const queries: DeviceReadingsQuery[] = [];
  const readings: ReadingOperations = {
    readings: (query) => {
      queries.push(query);
      return Promise.resolve([{ timeMs: 1_767_225_600_000.25, fields: { temperature: 21.5 } }]);
    },
    lastValues: unused,
    newestValues: () => ({ fields: [], devices: {} }),
    series: unused,
    logs: unused,
  };
  const metrics = new Metrics();
  metrics.counter('hub_frames_total', 'Frames received', () => 7);
  const socketPath = join(dataDir, 'hub.sock');
  const admin = await startAdmin(
    {
      serveApi(app) {
        serveDevices(app, { ...devices, why: unused });
        serveReadings(app, readings);
        serveSpool(app, devices);
      },
      readiness: () => Promise.resolve({ ready: true, parts: { store: { ok: true } } }),
      metrics: () => metrics.page(),
      log,
      ...overrides,
    },
    { listen: anyPort, socketPath },
  );
  t.after(() => admin.close());
  return { admin, socketPath, dataDir, queries };
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

/** One request over the socket, as curl would make it. */
function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: string | Buffer,
  type = 'application/json',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': type };
    const outgoing = request({ socketPath, method, path, headers, agent: false }, (response) => {
      text(response).then(
        (received) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: received === '' ? undefined : JSON.parse(received),
          }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function getJson(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

async function fault(promise: Promise<unknown>): Promise<HubError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HubError, `expected a HubError, got ${String(error)}`);
  return error;
}

const deps: AdminDeps = {
  serveApi() {},
  readiness: unused,
  metrics: unused,
  log,
};

const newDevice = (ids: unknown, more: object = {}): string =>
  JSON.stringify({ ids, type: 'env-sensor@1', site: 'default', ...more });

test('health and metrics are on the TCP listener, devices are not', async (t) => {
  const { admin } = await serve(t);
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
  const { admin } = await serve(t, { readiness });
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
  const { socketPath } = await serve(t);
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
  const unknown = await fault(client.showDevice('d-1'));
  assert.equal(unknown.code, 'device-unknown');
  assert.match(unknown.message, /^there is no device with this id: d-1/);
});

test('the answer with the secrets may not be cached', async (t) => {
  const { socketPath } = await serve(t);
  const { status, headers } = await ask(socketPath, 'POST', '/api/v1/devices', newDevice(['d-1']));
  assert.equal(status, 201);
  assert.equal(headers['cache-control'], 'no-store');
});

test('a device that exists refuses the whole request', async (t) => {
  const { socketPath } = await serve(t);
  const client = adminClient(socketPath);
  const add = (ids: string[]): Promise<unknown> =>
    client.addDevices({ ids, type: 'env-sensor@1', site: 'a' });
  await add(['d-2']);
  const exists = await fault(add(['d-1', 'd-2', 'd-3']));
  assert.equal(exists.code, 'device-exists');
  assert.match(exists.message, /d-2/);
  assert.deepEqual(
    (await client.listDevices({ limit: 10 })).devices.map(({ id }) => id),
    ['d-2'],
  );
});

test('a bad body is answered with the field and the rule, and changes nothing', async (t) => {
  const { socketPath } = await serve(t);
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
  const { socketPath, queries } = await serve(t);
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
  const { socketPath } = await serve(t, {
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
  const error = await fault(adminClient(socketPath).listDevices({ limit: 10 }));
  assert.equal(error.code, 'hub-unreachable');
  assert.match(error.message, /it answered 500: .*its log says why/);
  assert.ok(!error.message.includes('1234'));
});

test('the socket file is for its owner alone, leaves no other trace, and goes with the hub', async (t) => {
  const { admin, socketPath, dataDir } = await serve(t);
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  assert.deepEqual(
    (await readdir(dataDir)).filter((name) => name.startsWith('sock-')),
    [],
  );
  assert.equal(await hubRuns(socketPath), true);
  await admin.close();
  await assert.rejects(stat(socketPath), { code: 'ENOENT' });
  assert.equal(await hubRuns(socketPath), false);
  assert.equal((await fault(adminClient(socketPath).listDevices({ limit: 10 }))).code, 'hub-not-running');
});

test('the socket a killed hub left is no hub, and the next hub replaces it', async (t) => {
  const folder = temporaryFolder('http');
  t.after(() => folder.remove());
  const socketPath = join(folder.path, 'hub.sock');
  const script = `import socket,sys,os
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print("up", flush=True); os.kill(os.getpid(), 9)`;
  const killed = spawn('python3', ['-c', script, socketPath]);
  await once(killed, 'close');
  assert.ok((await stat(socketPath)).isSocket());
  assert.equal(await hubRuns(socketPath), false);
  const admin = await startAdmin(deps, { listen: anyPort, socketPath });
  t.after(() => admin.close());
  assert.equal(await hubRuns(socketPath), true);

  const second = await fault(startAdmin(deps, { listen: anyPort, socketPath }));
  assert.equal(second.code, 'data-dir-in-use');
  assert.equal(await hubRuns(socketPath), true, 'the refused one has not taken the socket');
});

test('an address in use is named with its setting and the way out, and nothing stays behind', async (t) => {
  const squatter = createServer();
  squatter.listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  t.after(() => squatter.close());
  const { port } = squatter.address() as AddressInfo;
  const folder = temporaryFolder('http');
  t.after(() => folder.remove());
  const socketPath = join(folder.path, 'hub.sock');
  const taken = await fault(startAdmin(deps, { listen: { host: '127.0.0.1', port }, socketPath }));
  assert.equal(taken.code, 'address-in-use');
  assert.match(
    taken.message,
    new RegExp(`127\\.0\\.0\\.1:${port} \\(HUB_ADMIN_LISTEN\\).*HUB_ADMIN_LISTEN=127\\.0\\.0\\.1:0`),
  );
  assert.deepEqual(await readdir(folder.path), []);

  const foreign = await fault(startAdmin(deps, { listen: { host: '192.0.2.1', port: 0 }, socketPath }));
  assert.match(
    foreign.message,
    /HUB_ADMIN_LISTEN must be an address of this machine, and 192\.0\.2\.1:0 is not/,
  );
});

test('a data folder that cannot hold a socket is named', async (t) => {
  const folder = temporaryFolder('http');
  t.after(() => folder.remove());
  const long = join(folder.path, 'x'.repeat(100), 'hub.sock');
  const tooLong = await fault(startAdmin(deps, { listen: anyPort, socketPath: long }));
  assert.equal(tooLong.code, 'data-dir-invalid');
  assert.match(tooLong.message, /too long a path.*HUB_DATA_DIR/);
  await writeFile(join(folder.path, 'file'), '');
  const inFile = await fault(
    startAdmin(deps, { listen: anyPort, socketPath: join(folder.path, 'file', 'hub.sock') }),
  );
  assert.equal(inFile.code, 'data-dir-invalid');
});

test('close lets the request under way finish and does not wait for connections without one', async (t) => {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { admin } = await serve(t, {
    readiness: async () => {
      asked.resolve();
      await go.promise;
      return { ready: true, parts: {} };
    },
  });
  const idle = connect(Number(new URL(admin.url).port), '127.0.0.1');
  await once(idle, 'connect');
  const underWay = fetch(`${admin.url}/readyz`);
  await asked.promise;
  const closed = admin.close();
  go.resolve();
  assert.equal((await underWay).status, 200);
  await closed;
  idle.destroy();
});
