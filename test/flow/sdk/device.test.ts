import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  LinkFaults,
  makeDevice,
  wsLinks,
  type Device,
  type NodeSettings,
} from '../../../sdk/typescript/src/node.ts';
import type { TelemetryFrame } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startScriptedHub, type ScriptedSession } from '../../helpers/hubs/scripted-hub.ts';
import { eventOf, waitFor } from '../../helpers/wait-for.ts';

function newClient(t: TestContext, url: string, overrides: Partial<NodeSettings> = {}): Device {
  const client = makeDevice({
    url,
    id: 'd-1',
    secret: 's3cret',
    type: 'env-sensor@1',
    backoffFirstMs: 1,
    ...overrides,
  });
  t.after(() => client.close());
  return client;
}

/** A client with an open session on a hub played by the test. */
async function openSession(t: TestContext, overrides: Partial<NodeSettings> = {}) {
  const hub = await startScriptedHub(t);
  const client = newClient(t, hub.url, overrides);
  client.wake();
  const session = await hub.session();
  await Promise.all([eventOf(client, 'welcome'), session.welcome()]);
  return { hub, client, session };
}

async function telemetry(session: ScriptedSession, count: number): Promise<TelemetryFrame[]> {
  const frames: TelemetryFrame[] = [];
  while (frames.length < count) frames.push(await session.next('telemetry'));
  return frames;
}

test('a session begins with Basic authentication, the subprotocol and a hello', async (t) => {
  const hub = await startScriptedHub(t);
  newClient(t, hub.url, { boot: 'b-7', firmware: '1.2.3' }).wake();
  const session = await hub.session();
  assert.equal(session.authorization, `Basic ${Buffer.from('d-1:s3cret').toString('base64')}`);
  assert.equal(session.protocol, 'hub.v1.json');
  const { t1, ...hello } = await session.next('hello');
  assert.deepEqual(hello, { type: 'hello', boot: 'b-7', deviceType: 'env-sensor@1', firmware: '1.2.3' });
  assert.ok(t1 >= 0);
});

test('readings given before the session is open leave together after the welcome, numbered from 1', async (t) => {
  const hub = await startScriptedHub(t);
  const client = newClient(t, hub.url);
  const first = client.measure('env', { temperature: 20 }, { ts: 1000 });
  const second = client.measure('env', { temperature: 21 }, { ts: 2000 });
  const leak = client.report('leak', 'warning', { rate: 1 }, { up: 5 });
  client.wake();
  const session = await hub.session();
  await session.welcome();
  assert.deepEqual(await session.frame(), {
    type: 'telemetry',
    seq: 1,
    stream: 'env',
    samples: [
      { ts: 1000, data: { temperature: 20 } },
      { ts: 2000, data: { temperature: 21 } },
    ],
  });
  assert.deepEqual(await session.frame(), {
    type: 'event',
    seq: 2,
    name: 'leak',
    severity: 'warning',
    up: 5,
    data: { rate: 1 },
  });
  session.send({ type: 'ack', upTo: 2 });
  assert.deepEqual(await Promise.all([first, second, leak]), Array(3).fill({ kind: 'stored' }));
  assert.equal(client.counts().waiting, 0);
});

test('what is not settled when the link breaks goes out again under new seqs, in the order it was taken', async (t) => {
  const { hub, client, session } = await openSession(t);
  const settled = [1, 2, 3].map((ts) => client.measure('env', { temperature: ts }, { ts }));
  await telemetry(session, 3);
  session.send({ type: 'ack', upTo: 1 });
  assert.deepEqual(await settled[0], { kind: 'stored' });
  session.cut();
  const next = await hub.session();
  await next.welcome({ epoch: 2 });
  const [again] = await telemetry(next, 1);
  assert.equal(again?.seq, 1);
  assert.deepEqual(
    again?.samples?.map(({ ts }) => ts),
    [2, 3],
  );
  next.send({ type: 'ack', upTo: 1 });
  assert.deepEqual(await Promise.all(settled), Array(3).fill({ kind: 'stored' }));
});

test('boots that the hub never heard of are told in each hello until the first welcome', async (t) => {
  const endedBoots = Array.from({ length: 9 }, (_, n) => ({ boot: `b${n}`, up: n }));
  const hub = await startScriptedHub(t);
  const client = newClient(t, hub.url, { boot: 'now', endedBoots });
  client.wake();
  const session = await hub.session();
  const [hello] = await Promise.all([session.welcome(), eventOf(client, 'welcome')]);
  assert.deepEqual(hello.boots, endedBoots.slice(1));
  assert.deepEqual(client.endedBoots, []);
  session.cut();
  const next = await hub.session();
  assert.equal((await next.welcome({ epoch: 2 })).boots, undefined);
});

test('a boot that gets no welcome is added to those before it', (t) => {
  const options = { url: 'ws://127.0.0.1:9', id: 'd1', secret: 's', type: 'env-sensor@1', boot: 'b2' };
  const client = makeDevice({ ...options, endedBoots: [{ boot: 'b1', up: 5 }] });
  t.after(() => client.close());
  assert.deepEqual(
    client.endedBoots.map(({ boot }) => boot),
    ['b1', 'b2'],
  );
});

test('a nack with retry brings the same reading again under a new seq, not before the time it names', async (t) => {
  const clock = new ManualClock();
  const { client, session } = await openSession(t, { clock, random: () => 0 });
  const settled = client.measure('env', { temperature: 20 }, { ts: 1000 });
  await session.next('telemetry');
  const nacked = eventOf(client, 'nack');
  session.send({ type: 'nack', seq: 1, code: 'overloaded', retry: true, retryAfterMs: 5000 });
  await nacked;
  session.send({ type: 'ack', upTo: 1 });
  clock.advance(4999);
  await session.ping();
  assert.deepEqual(session.pending(), []);
  clock.advance(1);
  const again = await session.next('telemetry');
  assert.deepEqual(again, { type: 'telemetry', seq: 2, stream: 'env', ts: 1000, data: { temperature: 20 } });
  session.send({ type: 'ack', upTo: 2 });
  assert.deepEqual(await settled, { kind: 'stored' });
});

test('a nack without retry settles its frame as refused, one with indexes only those samples', async (t) => {
  const { client, session } = await openSession(t);
  const single = client.measure('env', { temperature: 'warm' });
  await session.next('telemetry');
  const errors = [{ path: '/temperature', keyword: 'type', expected: 'number', got: '"warm"' }];
  const nack = { type: 'nack', seq: 1, code: 'schema', retry: false, errors };
  session.send(nack);
  assert.deepEqual(await single, { kind: 'refused', nack });
  const several = client.measureAll('env', [
    { ts: 1, data: { temperature: 1 } },
    { ts: 2, data: { temperature: 999 } },
    { ts: 3, data: { temperature: 3 } },
  ]);
  await session.next('telemetry');
  session.send({ type: 'nack', seq: 2, code: 'schema', retry: false, rejectedSamples: [1] });
  session.send({ type: 'ack', upTo: 2 });
  assert.deepEqual(
    (await several).map(({ kind }) => kind),
    ['stored', 'refused', 'stored'],
  );
});

test('never are more frames unsettled than the window of the hub allows', async (t) => {
  const hub = await startScriptedHub(t);
  const client = newClient(t, hub.url);
  client.wake();
  const session = await hub.session();
  const limits = { frameBytes: 65_536, samples: 500, inFlight: 4, messagesPerSec: 1000 };
  await Promise.all([eventOf(client, 'welcome'), session.welcome({ limits })]);
  const settled = Array.from({ length: 10 }, (_, index) => client.report('leak', 'info', {}, { ts: index }));
  for (let upTo = 0; upTo < 10; upTo += 1) {
    // The ping's answer comes behind everything the device sent before it.
    await session.ping();
    assert.ok(session.pending().length <= 4);
    assert.equal((await session.next('event')).seq, upTo + 1);
    session.send({ type: 'ack', upTo: upTo + 1 });
  }
  assert.deepEqual(await Promise.all(settled), Array(10).fill({ kind: 'stored' }));
});

test('data frames keep to the rate the hub allows', async (t) => {
  const clock = new ManualClock();
  const hub = await startScriptedHub(t);
  const client = newClient(t, hub.url, { clock });
  client.wake();
  const session = await hub.session();
  const limits = { frameBytes: 65_536, samples: 500, inFlight: 64, messagesPerSec: 8 };
  await Promise.all([eventOf(client, 'welcome'), session.welcome({ limits })]);
  for (let index = 0; index < 40; index += 1) void client.report('leak', 'info', {}, { ts: index });
  let sent = 0;
  client.on('sent', () => (sent += 1));
  clock.advance(2000);
  assert.ok(sent >= 14 && sent <= 16, `${sent} frames in 2 s at 8 a second`);
});

test('a batch is split so that no frame is longer than the hub takes', async (t) => {
  const hub = await startScriptedHub(t);
  const client = newClient(t, hub.url);
  const samples = Array.from({ length: 40 }, (_, ts) => ({ ts, data: { note: 'x'.repeat(200) } }));
  const settled = client.measureAll('env', samples);
  const tooLong = client.measure('env', { note: 'x'.repeat(4000) });
  client.wake();
  const session = await hub.session();
  await session.welcome({ limits: { frameBytes: 2048, samples: 500, inFlight: 64, messagesPerSec: 1000 } });
  let count = 0;
  for (let seq = 1; count < 40; seq += 1) {
    const frame = await session.next('telemetry');
    assert.ok(Buffer.byteLength(JSON.stringify(frame)) <= 2048);
    count += frame.samples?.length ?? 1;
    session.send({ type: 'ack', upTo: seq });
  }
  assert.equal((await settled).filter(({ kind }) => kind === 'stored').length, 40);
  assert.equal(client.counts().waiting, 1, 'what is longer waits for a hub that takes it');
  assert.deepEqual(await client.measure('env', { note: 'x'.repeat(66_000) }), {
    kind: 'dropped',
    cause: 'unwritable',
  });
  session.cut();
  const next = await hub.session();
  await next.welcome();
  assert.equal(JSON.stringify((await next.next('telemetry')).data).length, 4011);
  next.send({ type: 'ack', upTo: 1 });
  assert.equal((await tooLong).kind, 'stored');
});

test('a full outbox drops the oldest waiting reading and counts it', async (t) => {
  const hub = await startScriptedHub(t);
  const client = newClient(t, hub.url, { capacity: 2 });
  const [first] = [1, 2, 3].map((ts) => client.measure('env', { temperature: ts }, { ts }));
  assert.deepEqual(await first, { kind: 'dropped', cause: 'outbox-full' });
  const { waiting, lost } = client.counts();
  assert.deepEqual({ waiting, lost }, { waiting: 2, lost: 1 });
});

test('heartbeats carry the uptime and give the offset to the hub', async (t) => {
  const clock = new ManualClock();
  const { client, session } = await openSession(t, { clock });
  assert.ok(client.time() !== undefined);
  // The hub suspects a device at 30 s: beats go out well before.
  clock.advance(24_000);
  const { t1, clock: wall } = await session.next('heartbeat');
  assert.equal(t1, 24_000);
  assert.equal(wall, clock.now());
  const hubNow = 1_000_000;
  session.send({ type: 'heartbeat', t1, t2: hubNow, t3: hubNow });
  await waitFor(() => client.time() === hubNow, { what: 'the device reckons the time of the hub' });
});

test('a hub that says nothing is given up after heartbeat and grace', async (t) => {
  const clock = new ManualClock();
  const { client, session } = await openSession(t, { clock });
  clock.advance(44_999);
  assert.equal(client.isOpen, true);
  const ending = eventOf(client, 'close');
  clock.advance(1);
  assert.deepEqual((await ending)[0], { kind: 'hub-silent' });
  await session.closed;
});

test('an application that hangs sends nothing while its stack still answers pings', async (t) => {
  const clock = new ManualClock();
  const faults = new LinkFaults(wsLinks(), clock);
  const { client, session } = await openSession(t, { clock, openLink: faults.open });
  faults.hang();
  void client.measure('env', { temperature: 20 });
  clock.advance(120_000);
  await session.ping();
  assert.deepEqual(session.pending(), []);
});

test('after an orderly goodbye with a sleep the device comes back when it is over', async (t) => {
  const clock = new ManualClock();
  const { hub, client, session } = await openSession(t, { clock });
  const left = client.bye({ sleepSec: 60 });
  assert.deepEqual(await session.next('bye'), { type: 'bye', sleepSec: 60 });
  session.close(1000, '{"code":"bye"}');
  await left;
  clock.advance(59_999);
  assert.equal(client.isOpen, false);
  clock.advance(1);
  await (await hub.session()).welcome({ epoch: 2 });
});

test('a frame that is none of the protocol is left alone', async (t) => {
  const { client, session } = await openSession(t);
  const ignored = eventOf(client, 'ignored');
  session.send({ type: 'firmware-of-2040' });
  await ignored;
  await session.ping();
  assert.equal(client.isOpen, true);
});
