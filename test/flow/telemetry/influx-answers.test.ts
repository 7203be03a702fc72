import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openInflux } from '../../../hub/adapters/influx/influx.ts';
import { makingMissingDatabase } from '../../../hub/adapters/influx/missing-database.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { writeWhole } from '../../../hub/telemetry/refused-lines.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startHttpFront } from '../../helpers/services/http-front.ts';
import { httpStrangers } from '../../helpers/services/http-strangers.ts';
import { influxHeaders } from '../../helpers/services/influxd.ts';
import { lines, query, influxd, storeAt, answering } from '../../helpers/hubs/influx-store.ts';

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
