import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startSessions, turn } from '../../helpers/hubs/session-fixture.ts';
import { startMs } from '../../helpers/start-time.ts';

test('a valid hello is welcomed with the epoch, the clock, the timing and the limits', async (t) => {
  const { open, commands } = await startSessions(t, { inFlight: 16, messagesPerSec: 50 });
  const device = await open('d1', { t1: 777, unresolved: ['c1', 'c2'] });
  assert.deepEqual(device.socket.sent, [
    {
      type: 'welcome',
      epoch: 1,
      t1: 777,
      now: startMs,
      heartbeatSec: 30,
      graceSec: 15,
      ackDelayMs: 500,
      backoffMaxMs: 30_000,
      limits: { frameBytes: 65_536, samples: 500, inFlight: 16, messagesPerSec: 50, burst: 50 },
    },
  ]);
  assert.deepEqual(commands.calls, ['opened 1']);
});

test('the heartbeat a device wishes for holds, with half of it as grace', async (t) => {
  const { open, pass, changes } = await startSessions(t);
  const device = await open('d1', { heartbeatSec: 4 });
  const [welcome] = device.socket.of('welcome');
  assert.deepEqual([welcome?.['heartbeatSec'], welcome?.['graceSec']], [4, 2]);
  await pass(6_000);
  assert.equal(changes.at(-1), 'd1 suspect heartbeat-late 1.2');
  await pass(100);
  assert.equal(changes.at(-1), 'd1 offline link-lost 1.3');
});

test('a device may not ask for a longer heartbeat than its type allows, and learns which one holds', async (t) => {
  const { open, pass, changes } = await startSessions(t);
  const device = await open('d1', { heartbeatSec: 86_400 });
  const [welcome] = device.socket.of('welcome');
  assert.deepEqual([welcome?.['heartbeatSec'], welcome?.['graceSec']], [120, 60]);
  await pass(180_100);
  assert.equal(changes.at(-1), 'd1 offline link-lost 1.3');
});

test('no hello within 10 s closes 4408', async (t) => {
  const { connect, clock, counters } = await startSessions(t);
  const device = connect();
  clock.advance(9_999);
  assert.equal(device.socket.closedWith, undefined);
  clock.advance(1);
  assert.deepEqual(device.socket.closedWith, { code: 4408, reason: 'no-hello' });
  assert.deepEqual(counters.closes, { 'no-hello': 1 });
});

test('bad hellos do not put off the 10 s', async (t) => {
  const { connect, clock } = await startSessions(t);
  const device = connect();
  for (let second = 0; second < 10; second++) {
    device.send({ type: 'hello' });
    clock.advance(1_000);
  }
  assert.equal(device.socket.of('nack').length, 10);
  assert.equal(device.socket.closedWith?.code, 4408);
});

test('a frame before welcome is nacked not-open, naming what it was, and may come again later', async (t) => {
  const { connect, deviceStore, store, pass } = await startSessions(t);
  const device = connect();
  device.telemetry({ seq: 1 });
  device.send({ type: 'result', re: 'c1', status: 'succeeded' });
  device.send({ type: 'telemetry', seq: 'x', re: 'no id at all' });
  const gate = Promise.withResolvers<void>();
  deviceStore.gate = gate.promise;
  await device.hello();
  device.telemetry({ seq: 2 });
  device.send({ type: 'hello', boot: 'b2', deviceType: 'sensor@1', t1: 0 });
  assert.deepEqual(
    device.socket.sent.map(({ code, seq, re, retry }) => ({ code, seq, re, retry })),
    [
      { code: 'not-open', seq: 1, re: undefined, retry: true },
      { code: 'not-open', seq: undefined, re: 'c1', retry: true },
      { code: 'not-open', seq: undefined, re: undefined, retry: true },
      { code: 'not-open', seq: undefined, re: undefined, retry: true },
    ],
  );
  gate.resolve();
  await turn();
  device.telemetry({ seq: 3 });
  await pass(1_000);
  // Seq 1 was nacked once; 2 came behind the hello.
  assert.equal(device.socket.answers.at(-1), 'ack 3');
  assert.equal(store.stored.size, 2);
});

test('data frames behind the hello are taken in their order when the session opens, whatever they hold', async (t) => {
  const { connect, deviceStore, store, pass } = await startSessions(t);
  const gate = Promise.withResolvers<void>();
  deviceStore.gate = gate.promise;
  const device = connect();
  await device.hello();
  device.telemetry({ seq: 1 });
  device.send({ type: 'telemetry', seq: 2, stream: 'env', ts: startMs, data: { temperature: 'hot' } });
  device.send({ type: 'event', seq: 3, name: 'leak', severity: 'info', ts: startMs, data: { zone: 1 } });
  device.send({ type: 'news', seq: 4 });
  device.telemetry({ seq: 5 });
  assert.deepEqual(device.socket.sent, []);
  gate.resolve();
  await pass(1_000);
  assert.equal(device.socket.sent[0]?.['type'], 'welcome');
  assert.deepEqual(
    device.socket.of('nack').map(({ seq, code }) => [seq, code]),
    [
      [2, 'schema'],
      [4, 'unsupported'],
    ],
  );
  assert.equal(device.socket.answers.at(-1), 'ack 5');
  assert.equal(store.stored.size, 3);
});

for (const [bound, count, members] of [
  ['a window', 9, {}],
  ['64 KiB', 9, { padding: 'x'.repeat(15_000) }],
] as const) {
  test(`of what comes behind the hello ${bound} is held, the rest nacked once, and the device counts on`, async (t) => {
    const inFlight = bound === 'a window' ? 4 : 64;
    const { connect, deviceStore, store, pass } = await startSessions(t, { inFlight });
    const gate = Promise.withResolvers<void>();
    deviceStore.gate = gate.promise;
    const device = connect();
    await device.hello();
    for (let n = 0; n < count; n += 1) device.telemetry(members);
    const refused = device.socket.of('nack').map(({ seq, code }) => [seq, code]);
    assert.deepEqual(
      refused,
      [5, 6, 7, 8, 9].map((seq) => [seq, 'not-open']),
    );
    gate.resolve();
    await pass(1_000);
    device.telemetry();
    await pass(1_000);
    assert.equal(device.socket.of('nack').length, 5);
    assert.equal(device.socket.answers.at(-1), 'ack 10');
    assert.equal(store.stored.size, 5);
    assert.equal(device.socket.closedWith, undefined);
  });
}

test('what is held is nacked not-open when the session does not open', async (t) => {
  const { connect, deviceStore } = await startSessions(t);
  const gate = Promise.withResolvers<void>();
  deviceStore.gate = gate.promise;
  const device = connect();
  await device.hello();
  device.telemetry();
  device.telemetry();
  deviceStore.fails = true;
  gate.resolve();
  await turn();
  assert.deepEqual(
    device.socket.of('nack').map(({ seq, code, retry }) => [seq, code, retry]),
    [
      [1, 'not-open', true],
      [2, 'not-open', true],
    ],
  );
  assert.equal(device.socket.closedWith?.code, 1013);
});

for (const [name, deviceType] of [
  ['unknown', 'toaster@1'],
  ['unknown version', 'sensor@9'],
  ['longest', `${'a'.repeat(64)}@9999`],
] as const) {
  test(`a hello of a device type that is ${name} is nacked unsupported, then closed 4400`, async (t) => {
    const { connect, commands, changes } = await startSessions(t);
    const device = connect();
    await device.hello({ deviceType });
    const [nack] = device.socket.sent;
    assert.deepEqual([nack?.['code'], nack?.['retry']], ['unsupported', false]);
    assert.deepEqual(device.socket.closedWith, { code: 4400, reason: 'unsupported-type' });
    assert.deepEqual([commands.calls, changes], [[], []]);
  });
}

test('a device may use another version of its type', async (t) => {
  const { open } = await startSessions(t);
  const device = await open('d1', { deviceType: 'sensor@2' });
  assert.equal(device.session.type.id, 'sensor@2');
});

test('ten undecodable frames in a row close 4400', async (t) => {
  const { open, counters } = await startSessions(t);
  const device = await open();
  const garbage = ['', '{', '[]', 'null', '"x"', '1', '{"a":', 'hello', '\u0000'];
  for (const text of garbage) device.session.text(text);
  assert.equal(device.socket.closedWith, undefined);
  device.session.text('['.repeat(100));
  assert.equal(device.socket.of('nack').length, 10);
  assert.deepEqual(device.socket.closedWith, { code: 4400, reason: 'undecodable' });
  assert.equal(counters.undecodable, 10);
});

test('a frame that decodes ends the row, also when it is nacked', async (t) => {
  const { open } = await startSessions(t);
  const device = await open();
  for (let round = 0; round < 5; round++) {
    for (let frame = 0; frame < 9; frame++) device.session.text('garbage');
    device.send({ type: 'mystery' });
  }
  assert.equal(device.socket.closedWith, undefined);
});

test('frames that decode and are all nacked never close the session', async (t) => {
  const { open, clock } = await startSessions(t);
  const device = await open();
  for (let frame = 0; frame < 500; frame++) {
    device.telemetry({ data: { temperature: 'x' } });
    device.send({ type: 'heartbeat' });
    device.send({ type: 'received', re: 5 });
    device.send({ type: 'hello', boot: 'b', deviceType: 'sensor@1', t1: 0 });
    clock.advance(10);
  }
  assert.equal(device.socket.closedWith, undefined);
  assert.equal(device.socket.of('nack').length, 2_000);
});

test('a type that is no text is unsupported, never a close', async (t) => {
  const { open } = await startSessions(t);
  const device = await open();
  for (const type of [undefined, null, 5, ['hello'], {}, { toString: 1, valueOf: 1 }, 'x'.repeat(10_000)]) {
    device.send({ type });
  }
  for (const type of ['__proto__', 'constructor', 'toString']) device.send({ type });
  assert.deepEqual(
    device.socket.answers,
    Array.from({ length: 10 }, () => 'nack - unsupported'),
  );
  assert.equal(device.session.isOpen, true);
});

test('whatever JSON a device sends, it is answered or taken, lawfully, and the hub goes on', async (t) => {
  const types = ['hello', 'telemetry', 'event', 'heartbeat', 'received', 'progress', 'result', 'bye', 'x'];
  const members = fc.dictionary(
    fc.constantFrom(
      'seq',
      'stream',
      'ts',
      'up',
      'data',
      'samples',
      'boot',
      're',
      'status',
      't1',
      'name',
      'severity',
    ),
    fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom<unknown>(1, 2, 'env', startMs, 'leak', 'info', 'c1'),
    ),
  );
  const frame = fc.tuple(fc.constantFrom(...types), members).map(([type, rest]) => ({ ...rest, type }));
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 20 }), async (frames) => {
      const { open, counters, pass } = await startSessions(t);
      const device = await open();
      for (const each of frames) device.send(each);
      await pass(1_000);
      assert.equal(counters.exceptions, 0);
      device.session.closed(1006, '');
    }),
    { numRuns: 200 },
  );
});

test('a binary frame closes 1003', async (t) => {
  const { open } = await startSessions(t);
  const device = await open();
  device.session.binary(Buffer.from('a0', 'hex'));
  assert.deepEqual(device.socket.closedWith, { code: 1003, reason: 'binary-frame' });
});

test('a heartbeat is answered with the hub time of its coming and going', async (t) => {
  const { open, clock } = await startSessions(t);
  const device = await open();
  clock.advance(1_234);
  device.send({ type: 'heartbeat', t1: 99, clock: 5 });
  const t2 = startMs + 1_234;
  assert.deepEqual(device.socket.of('heartbeat'), [{ type: 'heartbeat', t1: 99, t2, t3: t2 }]);
});

test('command frames go to the dispatcher when valid, and are nacked by id when not', async (t) => {
  const { open, commands } = await startSessions(t);
  const device = await open();
  device.send({ type: 'received', re: 'c1' });
  device.send({ type: 'progress', re: 'c1', percent: 50 });
  device.send({ type: 'result', re: 'c1', status: 'succeeded' });
  device.send({ type: 'result', re: 'c1', status: 'splendid' });
  device.send({ type: 'result', re: '../../etc', status: 'failed' });
  assert.deepEqual(commands.calls.slice(1), ['received 1 c1', 'progress 1 c1', 'result 1 c1 succeeded']);
  assert.deepEqual(
    device.socket.of('nack').map(({ re, code }) => ({ re, code })),
    [
      { re: 'c1', code: 'schema' },
      { re: undefined, code: 'schema' },
    ],
  );
});
