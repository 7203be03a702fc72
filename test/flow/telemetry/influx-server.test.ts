import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../hub/config/config.ts';
import { openStore } from '../../../hub/wiring/store-wiring.ts';
import type { MetricsStore } from '../../../hub/telemetry/store.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { freePort } from '../../helpers/services/free-port.ts';
import { query as ask } from '../../helpers/services/influxd.ts';
import { lines, query, unavailable, influxd, storeAt, answering } from '../../helpers/hubs/influx-store.ts';

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
