import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { openInflux, type InfluxOptions, type InfluxStore } from '../../../hub/adapters/influx/influx.ts';
import { readConfig } from '../../../hub/config/config.ts';
import { makingMissingDatabase } from '../../../hub/adapters/influx/missing-database.ts';
import { openStore } from '../../../hub/wiring/store-wiring.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { MetricsStore, ReadingsQuery } from '../../../hub/telemetry/store.ts';
import { writeWhole } from '../../../hub/telemetry/refused-lines.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { freePort } from '../../helpers/services/free-port.ts';
import { startHttpFront } from '../../helpers/services/http-front.ts';
import { httpStrangers } from '../../helpers/services/http-strangers.ts';
import {
  influxHeaders,
  query as ask,
  startInflux,
  type InfluxServer,
} from '../../helpers/services/influxd.ts';

const lines = ['m,device=d v=1 1700000000000000'];
const query: ReadingsQuery = {
  measurement: 'm',
  device: 'd',
  fromMs: 0,
  toMs: 2e12,
  limit: 5,
  take: 'first',
};
const unavailable = (error: unknown): boolean =>
  error instanceof HubError && error.code === 'store-unavailable';

async function influxd(
  t: TestContext,
  http: Record<string, string | number | boolean> = {},
): Promise<InfluxServer> {
  const server = await startInflux({ http });
  t.after(() => server.close());
  return server;
}

function storeAt(
  t: TestContext,
  url: string,
  options: Partial<InfluxOptions> = {},
  clock = new ManualClock(),
): InfluxStore {
  const store = openInflux({ url, database: 'hub', timeoutMs: 2_000, ...options }, clock);
  t.after(() => store.close());
  return store;
}

/** A server for the answers that the real one gives only in bad times. */
async function answering(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a field of another type is partial: it is named, and the other lines are stored', async (t) => {
  const server = await influxd(t);
  const store = storeAt(t, server.url);
  await store.createDatabase();
  await store.write(['m,device=d v=1 1']);
  const outcome = await store.write(['m,device=d v="text" 2', 'm,device=d v=3 3']);
  assert.ok(outcome.kind === 'partial');
  assert.match(outcome.reason, /^400 partial write: field type conflict: input field "v" on measurement "m"/);
  assert.equal(outcome.dropped, 1);
  assert.deepEqual(outcome.blamed, { measurement: 'm', field: 'v' });
  const [series] = await ask(server.url, 'hub', 'SELECT v FROM m');
  assert.deepEqual(series?.values, [
    [1, 1],
    [3, 3],
  ]);
});

test('a missing database is misconfigured, until it is made; making it twice is no fault', async (t) => {
  const { url } = await influxd(t);
  const store = storeAt(t, url, { database: 'weird "name"' });
  const outcome = await store.write(lines);
  assert.ok(outcome.kind === 'misconfigured' && outcome.status === 404);
  assert.match(outcome.reason, /database not found/);
  await assert.rejects(store.probe(), /database not found/);
  await assert.rejects(
    store.readings(query),
    (error) => unavailable(error) && /database not found/.test(String(error)),
  );
  await store.createDatabase();
  await store.createDatabase();
  await store.probe();
  assert.deepEqual(await store.write(lines), { kind: 'stored' });
});

test('a wrong password is misconfigured for writes, and named for reads', async (t) => {
  const { url } = await influxd(t, { 'auth-enabled': true });
  await fetch(`${url}/query`, {
    method: 'POST',
    body: new URLSearchParams({ q: `CREATE USER "op" WITH PASSWORD 'right' WITH ALL PRIVILEGES` }),
  });
  const wrong = storeAt(t, url, { username: 'op', password: 'wrong' });
  const outcome = await wrong.write(lines);
  assert.ok(outcome.kind === 'misconfigured' && outcome.status === 401);
  await assert.rejects(wrong.probe(), /401 authorization failed/);
  await assert.rejects(
    wrong.readings(query),
    (error) => unavailable(error) && /authorization failed/.test(String(error)),
  );
  const right = storeAt(t, url, { username: 'op', password: 'right' });
  await right.createDatabase();
  assert.deepEqual(await right.write(lines), { kind: 'stored' });
  assert.equal((await right.readings(query)).length, 1);
});

test('a user who may not make databases writes to the one that is there, and is told when it is not', async (t) => {
  const { url } = await influxd(t, { 'auth-enabled': true });
  const change = async (q: string): Promise<void> => {
    const authorization = `Basic ${Buffer.from('op:right').toString('base64')}`;
    const answer = await fetch(`${url}/query`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams({ q }),
    });
    assert.equal(answer.status, 200);
  };
  await change(`CREATE USER "op" WITH PASSWORD 'right' WITH ALL PRIVILEGES`);
  await change(`CREATE USER "hub" WITH PASSWORD 'its own'`);
  const open = async (): Promise<MetricsStore> => {
    const login = { HUB_INFLUX_USERNAME: 'hub', HUB_INFLUX_PASSWORD: 'its own' };
    const env = { HUB_INFLUX_URL: url, HUB_INFLUX_DATABASE: 'kept', ...login };
    const { config } = readConfig({ env, cwd: '/', isCron: () => true, readFile: () => '' });
    const onFailure = (error: Error) => assert.fail(error);
    const store = await openStore({ config, clock: new ManualClock(), log: silentLog, onFailure });
    t.after(() => store.close());
    return store;
  };
  const store = await open();
  await assert.rejects(store.probe(), /database not found.*requires admin privilege/);
  const outcome = await store.write(lines);
  assert.ok(outcome.kind === 'misconfigured');
  assert.match(outcome.reason, /database not found.*requires admin privilege/);
  await change('CREATE DATABASE kept; GRANT ALL ON kept TO hub');
  assert.match(await store.probe(), /^InfluxDB 1\./);
  assert.deepEqual(await store.write(lines), { kind: 'stored' });
});

test('a body over the limit of the server is too large', async (t) => {
  const { url } = await influxd(t, { 'max-body-size': 200 });
  const store = storeAt(t, url);
  await store.createDatabase();
  const many = Array.from({ length: 100 }, (_, index) => `m,device=d v=${Math.sqrt(index)} ${index}`);
  assert.equal((await store.write(many)).kind, 'too-large');
  assert.deepEqual(await store.write(many.slice(0, 10)), { kind: 'stored' });
});

test('a server that is away, and back, is unavailable and then answers at once, reads too', async (t) => {
  const server = await influxd(t);
  const store = storeAt(t, server.url);
  await store.createDatabase();
  assert.deepEqual(await store.write(lines), { kind: 'stored' });
  await server.stop();
  assert.equal((await store.write(lines)).kind, 'unavailable');
  await assert.rejects(store.probe(), unavailable);
  for (let attempt = 0; attempt < 3; attempt += 1)
    await assert.rejects(store.readings(query), /ECONNREFUSED/);
  await server.restart();
  assert.deepEqual(await store.write(lines), { kind: 'stored' });
  assert.equal((await store.readings(query)).length, 1);
});

test('a server that hangs is unavailable when the time is up', async (t) => {
  const server = await influxd(t);
  const store = storeAt(t, server.url, { timeoutMs: 200 });
  await store.createDatabase();
  server.pause();
  const [outcome] = await Promise.all([
    store.write(lines),
    assert.rejects(store.readings(query), unavailable),
  ]);
  assert.equal(outcome.kind, 'unavailable');
  server.resume();
  await store.probe();
});

test('an answer that breaks off is unavailable, and does not hang a read', async (t) => {
  const url = await answering(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"results"', () => response.destroy());
  });
  const store = storeAt(t, url, { timeoutMs: 300 });
  assert.equal((await store.write(lines)).kind, 'unavailable');
  await assert.rejects(store.readings(query), unavailable);
});

test('nobody listening is unavailable', async (t) => {
  const store = storeAt(t, `http://127.0.0.1:${await freePort()}`);
  const outcome = await store.write(lines);
  assert.ok(outcome.kind === 'unavailable');
  assert.match(outcome.reason, /ECONNREFUSED/);
});

test('each status of InfluxDB has its meaning, with the words of the server and its wish to wait', async (t) => {
  let answer: { status: number; headers?: Record<string, string>; body?: string } = { status: 204 };
  const url = await answering(t, (_request, response) => {
    response.writeHead(answer.status, { ...influxHeaders, ...answer.headers }).end(answer.body);
  });
  const clock = new ManualClock();
  const store = storeAt(t, url, {}, clock);
  const outcomeOf = (status: number, body?: string, headers?: Record<string, string>) => {
    answer = {
      status,
      ...(body === undefined ? {} : { body }),
      ...(headers === undefined ? {} : { headers }),
    };
    return store.write(lines);
  };
  assert.deepEqual(await outcomeOf(204), { kind: 'stored' });
  assert.deepEqual(await outcomeOf(200), { kind: 'misconfigured', reason: '200', status: 200 });
  assert.deepEqual(await outcomeOf(400, '{"code":"invalid","message":"unable to parse"}'), {
    kind: 'refused',
    reason: '400 unable to parse',
  });
  assert.deepEqual(await outcomeOf(422, '{"message":"dropped 1"}'), {
    kind: 'partial',
    reason: '422 dropped 1',
  });
  assert.deepEqual(await outcomeOf(413), { kind: 'too-large', reason: '413', byStranger: false });
  for (const status of [401, 403, 404, 405, 301]) {
    assert.deepEqual(await outcomeOf(status, 'x'), { kind: 'misconfigured', reason: `${status} x`, status });
  }
  for (const status of [408, 429, 500, 502, 503, 504]) {
    assert.deepEqual(await outcomeOf(status, '<html>'), { kind: 'unavailable', reason: `${status} <html>` });
  }
  const waitOf = async (value: string): Promise<number | undefined> => {
    const outcome = await outcomeOf(503, '', { 'retry-after': value });
    return outcome.kind === 'unavailable' ? outcome.retryAfterMs : undefined;
  };
  const inSeconds = (seconds: number): string => new Date(clock.now() + seconds * 1000).toUTCString();
  assert.equal(await waitOf('7'), 7_000);
  assert.equal(await waitOf('0'), 0);
  assert.equal(await waitOf('86400'), 600_000);
  assert.equal(await waitOf(inSeconds(30)), 30_000);
  assert.equal(await waitOf(inSeconds(-30)), 0);
  assert.equal(await waitOf(inSeconds(9_000)), 600_000);
  assert.equal(await waitOf('soon'), undefined);
  assert.equal((await outcomeOf(500, 'x'.repeat(100_000))).kind, 'unavailable');
});

test('nothing that somebody else answers stores or refuses a line, makes a database, or is a reading', async (t) => {
  const { url } = await influxd(t);
  const front = await startHttpFront(url);
  t.after(() => front.close());
  const store = makingMissingDatabase(storeAt(t, front.url, { timeoutMs: 500 }));
  assert.match(await store.probe(), /^InfluxDB 1\./);
  const many = Array.from({ length: 20 }, (_, n) => `m,device=d v=1 ${1_700_000_000_000_000 + n}`);
  for (const [name, stranger] of Object.entries(httpStrangers)) {
    front.set(stranger);
    const [outcome, probed, read, made] = await Promise.all([
      writeWhole(store, many),
      store.probe().then(() => undefined, String),
      store.readings(query).then(() => undefined, String),
      store.createDatabase().then(() => undefined, String),
    ]);
    assert.ok(outcome.kind === 'failed', `${name}: ${outcome.kind}`);
    assert.notEqual(outcome.reason, '', name);
    for (const fault of [probed, read, made]) assert.match(fault ?? 'taken', /HubError/, name);
  }
  front.set(undefined);
  assert.deepEqual(await store.write(many), { kind: 'stored' });
  assert.equal((await store.readings({ ...query, limit: 100 })).length, 20);
});

test('who answers instead of InfluxDB is named', async (t) => {
  const { url } = await influxd(t);
  const front = await startHttpFront(url);
  t.after(() => front.close());
  const store = storeAt(t, front.url);
  const reasonOf = async (name: string): Promise<string> => {
    front.set(httpStrangers[name]);
    const outcome = await store.write(lines);
    return outcome.kind === 'stored' ? 'stored' : outcome.reason;
  };
  assert.equal(await reasonOf('200 with a page'), '200, not by InfluxDB, server "nginx/1.22.1": Welcome');
  assert.equal(
    await reasonOf('302 to a portal'),
    '302, not by InfluxDB, location "https://login.example/portal"',
  );
  assert.equal(await reasonOf('204 without headers'), '204, not by InfluxDB');
});

test('a proxy that is stricter than InfluxDB only makes writes smaller', async (t) => {
  const { url } = await influxd(t);
  const front = await startHttpFront(url);
  t.after(() => front.close());
  const store = makingMissingDatabase(storeAt(t, front.url));
  await store.probe();
  front.limit(300);
  const many = Array.from({ length: 100 }, (_, n) => `m,device=d v=1 ${1_700_000_000_000_000 + n}`);
  assert.deepEqual(await writeWhole(store, many), { kind: 'done', refused: new Map() });
  assert.equal((await store.readings({ ...query, limit: 200 })).length, 100);
  front.limit(10);
  const outcome = await writeWhole(store, many);
  assert.ok(outcome.kind === 'failed');
  assert.match(outcome.reason, /^413, not by InfluxDB/);
});

test('InfluxDB 3 is known by its mark, and by the lines that it quotes', async (t) => {
  let answer: { status: number; headers?: Record<string, string>; body?: string } = { status: 204 };
  const url = await answering(t, ({ url: path }, response) => {
    if (path?.startsWith('/ping') === true) {
      response.writeHead(200, { 'X-Influxdb-Version': '3.7.0', 'X-Influxdb-Build': 'Core' });
      response.end('{"version":"3.7.0"}');
      return;
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  const store = storeAt(t, url);
  assert.equal(await store.probe(), 'InfluxDB 3.7.0');
  answer = { status: 204, headers: { 'cluster-uuid': '8a66b257-af97-41c1-a3a8-3c04b7451ebd' } };
  assert.deepEqual(await store.write(lines), { kind: 'stored' });
  // Before 3.7 nothing tells its answer from that of somebody in between.
  answer = { status: 204 };
  assert.equal((await store.write(lines)).kind, 'stranger');
  const quoting = (line: string): void => {
    const fault = { original_line: line, line_number: 1, error_message: 'invalid column type' };
    const body = { error: 'partial write of line protocol occurred', data: [fault] };
    answer = { status: 400, body: JSON.stringify(body) };
  };
  quoting(lines[0] ?? '');
  assert.deepEqual(await store.write(lines), {
    kind: 'partial',
    reason: '400 partial write of line protocol occurred: invalid column type',
  });
  quoting('m,device=other v=1 1');
  assert.equal((await store.write(lines)).kind, 'stranger');
});

test('the login of InfluxDB 2, and the token of 3, go with every request as their 1.x interfaces take it', async (t) => {
  const asked: { method: string | undefined; path: string; login: string }[] = [];
  let headers: Record<string, string> = {};
  const url = await answering(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://influx');
    const [scheme, basic = ''] = (request.headers.authorization ?? '').split(' ');
    const inHeader = scheme === 'Basic' ? Buffer.from(basic, 'base64').toString() : '';
    const inQuery = `${searchParams.get('u')}:${searchParams.get('p')}`;
    asked.push({ method: request.method, path: pathname, login: inHeader === '' ? inQuery : inHeader });
    if (pathname === '/query') {
      response.writeHead(200, { ...headers, 'content-type': 'application/json' });
      response.end('{"results":[{"statement_id":0}]}');
    } else {
      // 2.x says 400 to a write of nothing.
      const nothing = request.headers['content-encoding'] === undefined;
      response.writeHead(pathname === '/write' && nothing ? 400 : 204, headers);
      response.end(nothing ? '{"code":"invalid","message":"writing requires points"}' : '');
    }
  });
  const token = 'apiv3_x+/=:y';
  for (const [version, mark] of [
    ['v2.7.12', {}],
    ['3.8.0', { 'cluster-uuid': '8a66b257-af97-41c1-a3a8-3c04b7451ebd' }],
  ] as const) {
    headers = { 'X-Influxdb-Version': version, ...mark };
    asked.length = 0;
    const store = storeAt(t, url, { username: 'hub', password: token });
    assert.match(await store.probe(), new RegExp(`^InfluxDB ${version.replace('v', '')}`));
    assert.deepEqual(await store.write(lines), { kind: 'stored' });
    assert.deepEqual(await store.readings(query), []);
    assert.deepEqual(new Set(asked.map(({ login }) => login)), new Set([`hub:${token}`]));
    const paths = asked.map(({ path }) => path);
    for (const path of ['/ping', '/write', '/query']) assert.ok(paths.includes(path), `${version} ${path}`);
    // 3 makes the database with the first write, which nothing must do before.
    assert.equal(paths.filter((path) => path === '/write').length, version.startsWith('3') ? 1 : 2);
  }
});

test('a refusal of something that was not sent refuses no line', async (t) => {
  let body = '';
  const url = await answering(t, (_request, response) => {
    response.writeHead(400, influxHeaders).end(body);
  });
  const store = storeAt(t, url);
  for (const words of [
    "unable to parse '\u001f\ufffd\b\u0000': missing fields",
    'unexpected EOF',
    'gzip: invalid header',
    'database is required',
    'invalid consistency level',
    "unable to parse 'other v': invalid field format",
  ]) {
    body = JSON.stringify({ error: words });
    assert.equal((await store.write(lines)).kind, 'unavailable', words);
  }
  body = JSON.stringify({ error: `unable to parse '${lines[0] ?? ''}': time outside range` });
  assert.equal((await store.write(lines)).kind, 'refused');
});

test('an address that is none is refused at once', () => {
  for (const url of ['', 'localhost:8086', 'ftp://localhost']) {
    assert.throws(
      () => openInflux({ url, database: 'hub', timeoutMs: 1 }),
      (error) => error instanceof HubError && error.code === 'config-invalid',
      url,
    );
  }
});
