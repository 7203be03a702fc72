import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startSessions, turn } from '../../helpers/hubs/session-fixture.ts';
import { startMs } from '../../helpers/start-time.ts';

test('stored frames are acked together within the delay, not one by one', async (t) => {
  const { pass, open, store } = await startSessions(t);
  const device = await open();
  for (let frame = 0; frame < 5; frame++) device.telemetry();
  await pass(100);
  assert.equal(store.stored.size, 5);
  assert.deepEqual(device.socket.answers, []);
  await pass(500);
  assert.deepEqual(device.socket.answers, ['ack 5']);
});

test('nothing is acked that is neither stored nor spooled', async (t) => {
  const { pass, open, store, pipeline } = await startSessions(t);
  pipeline.disk.fault = new Error('disk full');
  const device = await open();
  const answer = store.hold();
  device.telemetry();
  await pass(100);
  device.telemetry();
  await pass(10_000);
  assert.deepEqual(device.socket.answers, []);
  answer({ kind: 'stored' });
  await pass(20_000);
  assert.deepEqual(device.socket.answers, ['ack 2']);
});

test('half of the window is acked at once', async (t) => {
  const { pass, open } = await startSessions(t, { inFlight: 8 });
  const device = await open();
  for (let frame = 0; frame < 4; frame++) device.telemetry();
  await pass(100);
  assert.deepEqual(device.socket.answers, ['ack 4']);
  for (let frame = 0; frame < 3; frame++) device.telemetry();
  await pass(100);
  assert.deepEqual(device.socket.answers, ['ack 4'], 'less than half waits for the delay');
  await pass(500);
  assert.deepEqual(device.socket.answers, ['ack 4', 'ack 7']);
});

test('with an ack delay of 0 each batch is acked when it is stored', async (t) => {
  const { pass, open } = await startSessions(t, { ackDelayMs: 0 });
  const device = await open();
  device.telemetry();
  await pass(100);
  assert.deepEqual(device.socket.answers, ['ack 1']);
});

test('a prefix of nothing but nacks is acked within the delay, so that the window cannot jam', async (t) => {
  const { clock, open } = await startSessions(t);
  const device = await open();
  device.telemetry({ data: {} });
  device.telemetry({ stream: 'gas' });
  device.telemetry({ ts: 5 });
  device.telemetry({ data: undefined });
  clock.advance(500);
  assert.deepEqual(device.socket.answers, [
    'nack 1 schema',
    'nack 2 unknown-stream',
    'nack 3 clock',
    'nack 4 schema',
    'ack 4',
  ]);
});

test('a nack always goes out before the ack that passes it, whatever comes, and every seq is settled', async (t) => {
  const frame = fc.oneof<fc.MaybeWeightedArbitrary<Record<string, unknown>>[]>(
    { weight: 4, arbitrary: fc.constant<Record<string, unknown>>({}) },
    { weight: 1, arbitrary: fc.constant({ data: { temperature: 'hot' } }) },
    { weight: 1, arbitrary: fc.constant({ stream: 'gas' }) },
    { weight: 1, arbitrary: fc.constant({ ts: 5 }) },
    { weight: 1, arbitrary: fc.constant({ data: { temperature: 13 } }) },
    {
      weight: 1,
      arbitrary: fc.constant({
        samples: [
          { ts: startMs, data: { temperature: 13 } },
          { ts: 1, data: {} },
        ],
      }),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'mystery' }) },
    { weight: 1, arbitrary: fc.constant({ skip: true }) },
  );
  const run = fc.array(fc.tuple(frame, fc.integer({ min: 0, max: 300 })), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(run, fc.integer({ min: 1, max: 6 }), async (frames, inFlight) => {
      const { pass, open, store, writer } = await startSessions(t, { inFlight, writer: { bufferLines: 5 } });
      // The store refuses every line of 13 degrees.
      store.refuseLines((line) => line.includes('temperature=13'));
      const device = await open();
      let seq = 0;
      for (const [members, waitMs] of frames) {
        seq += 1;
        if ('skip' in members) continue;
        device.telemetry({ ...members, seq });
        await pass(waitMs);
      }
      if (frames.at(-1)?.[0]?.['skip'] === true) device.telemetry({ seq: (seq += 1) });
      if (device.socket.closedWith !== undefined) {
        assert.equal(device.socket.closedWith.reason, 'bad-seq');
        return;
      }
      await pass(2_000);
      let acked = 0;
      for (const answer of device.socket.sent) {
        if (answer.type === 'ack') {
          assert.ok(Number(answer['upTo']) > acked, 'acks rise');
          acked = Number(answer['upTo']);
        } else if (answer.type === 'nack') {
          assert.ok(Number(answer['seq']) > acked, `nack ${String(answer['seq'])} after ack ${acked}`);
        }
      }
      assert.equal(acked, seq, 'all is settled and acked');
      assert.equal(device.session.isOpen, true);
      assert.equal(writer.waiting, 0);
      device.session.closed(1006, '');
    }),
    { numRuns: 60 },
  );
});

test('more frames unsettled than the window: nack rate, and the window opens again', async (t) => {
  const { pass, open, store } = await startSessions(t, { inFlight: 3 });
  const device = await open();
  const answer = store.hold();
  for (let frame = 0; frame < 5; frame++) device.telemetry();
  assert.deepEqual(device.socket.answers, ['nack 4 rate', 'nack 5 rate']);
  const [nack] = device.socket.of('nack');
  assert.deepEqual([nack?.['retry'], nack?.['retryAfterMs']], [true, 1_000]);
  await pass(1_000);
  assert.deepEqual(device.socket.of('ack'), []);
  answer({ kind: 'stored' });
  await turn();
  assert.equal(device.socket.answers.at(-1), 'ack 5');
  for (let frame = 0; frame < 3; frame++) device.telemetry();
  await pass(700);
  assert.equal(device.socket.answers.at(-1), 'ack 8');
  assert.equal(device.socket.of('nack').length, 2);
});

test('a window that is full because the store is away is answered overloaded: the device sent nothing too fast', async (t) => {
  const { pass, open, store, pipeline } = await startSessions(t, { inFlight: 3 });
  const device = await open();
  pipeline.disk.fault = new Error('disk full');
  store.answer = () => ({ kind: 'unavailable', reason: 'away' });
  for (let frame = 0; frame < 3; frame++) device.telemetry();
  await pass(200);
  device.telemetry();
  assert.deepEqual(device.socket.answers, ['nack 4 overloaded']);
  assert.equal(device.socket.of('nack')[0]?.['retry'], true);
});

test('over the rate: nack rate with a time, and the frames in the rate are taken', async (t) => {
  const { pass, open, store } = await startSessions(t, { messagesPerSec: 5 });
  const device = await open();
  for (let frame = 0; frame < 8; frame++) device.telemetry();
  assert.deepEqual(device.socket.answers, ['nack 6 rate', 'nack 7 rate', 'nack 8 rate']);
  await pass(1_000);
  device.telemetry();
  await pass(1_000);
  assert.equal(store.stored.size, 6);
  assert.equal(device.session.isOpen, true);
});

test('a full buffer is nacked overloaded, and what was taken is acked when it is stored', async (t) => {
  const { pass, open, store, counters } = await startSessions(t, { writer: { bufferLines: 2 } });
  const device = await open();
  const answer = store.hold();
  for (let frame = 0; frame < 4; frame++) device.telemetry();
  assert.deepEqual(device.socket.answers, ['nack 3 overloaded', 'nack 4 overloaded']);
  assert.equal(device.socket.of('nack')[0]?.['retryAfterMs'], 5_000);
  assert.deepEqual(counters.nacks, { overloaded: 2 });
  await pass(1_000);
  answer({ kind: 'stored' });
  await pass(1_000);
  assert.deepEqual(device.socket.answers.slice(2), ['ack 4']);
});

test('a jump within the window nacks each missing seq, and the frame that showed it counts', async (t) => {
  const { pass, open, store } = await startSessions(t, { inFlight: 4 });
  const device = await open();
  device.telemetry({ seq: 1 });
  device.session.text('{"type":"telemetry","seq":2,');
  device.session.text('not JSON at all');
  device.telemetry({ seq: 4 });
  assert.deepEqual(device.socket.answers, [
    'nack - schema',
    'nack - schema',
    'nack 2 schema',
    'nack 3 schema',
  ]);
  await pass(700);
  assert.equal(device.socket.answers.at(-1), 'ack 4');
  assert.equal(store.stored.size, 2);
  device.telemetry({ seq: 9 });
  const nacked = device.socket.of('nack').map(({ seq }) => seq);
  assert.deepEqual(nacked.slice(4), [5, 6, 7, 8]);
  await pass(700);
  assert.equal(device.socket.answers.at(-1), 'ack 9');
});

for (const [name, seqs] of [
  ['a larger jump', [1, 7]],
  ['a larger jump at the start', [6]],
  ['a seq that comes twice', [1, 2, 2]],
  ['a seq that falls', [1, 2, 3, 1]],
] as const) {
  test(`${name} closes 4400`, async (t) => {
    const { open, counters } = await startSessions(t, { inFlight: 4 });
    const device = await open();
    for (const seq of seqs) device.telemetry({ seq });
    assert.deepEqual(device.socket.closedWith, { code: 4400, reason: 'bad-seq' });
    assert.equal(device.session.isOpen, false);
    assert.deepEqual(counters.closes, { 'bad-seq': 1 });
  });
}

test('a data frame without a usable seq is nacked without one, and moves nothing', async (t) => {
  const { pass, open } = await startSessions(t);
  const device = await open();
  for (const seq of [undefined, null, '1', 0, -1, 1.5, 2 ** 53, {}]) {
    device.send({ type: 'telemetry', seq, stream: 'env', ts: startMs, data: { temperature: 1 } });
  }
  assert.deepEqual(
    device.socket.answers,
    Array.from({ length: 8 }, () => 'nack - schema'),
  );
  device.telemetry({ seq: 1 });
  await pass(1_000);
  assert.deepEqual(device.socket.answers.at(-1), 'ack 1');
});

test('bad samples are nacked by index, the rest of the frame settles by the ack', async (t) => {
  const { pass, open, store } = await startSessions(t);
  const device = await open();
  const good = { temperature: 1 };
  device.telemetry({
    samples: [
      { ts: startMs, data: good },
      { ts: startMs + 1, data: {} },
      { ts: 5, data: good },
      { ts: startMs + 3, data: good },
    ],
  });
  assert.deepEqual(device.socket.answers, ['nack 1 schema [1]', 'nack 1 clock [2]']);
  assert.equal(device.socket.of('nack')[1]?.['now'], startMs);
  await pass(1_000);
  assert.deepEqual(device.socket.answers.slice(2), ['ack 1']);
  assert.equal(store.stored.size, 2);
});

test('what the store refuses is nacked by the right seq and sample, also when bad samples were left out', async (t) => {
  const { pass, open, store, pipeline } = await startSessions(t);
  store.refuseLines((line) => line.includes('temperature=13 '));
  const one = await open('d1');
  const two = await open('d2');
  const [good, poison] = [{ temperature: 1 }, { temperature: 13 }];
  one.telemetry({ data: good });
  one.telemetry({ data: poison });
  two.telemetry({
    samples: [
      { ts: startMs, data: {} },
      { ts: startMs + 1, data: poison },
      { ts: startMs + 2, data: good },
      { ts: startMs + 3, data: {} },
      { ts: startMs + 4, data: poison },
    ],
  });
  one.telemetry({ samples: [good, poison, good].map((data, index) => ({ ts: startMs + 10 + index, data })) });
  await pass(1_000);
  assert.deepEqual(one.socket.answers, ['nack 2 refused-by-store', 'nack 3 refused-by-store [1]', 'ack 3']);
  assert.deepEqual(two.socket.answers, ['nack 1 schema [0,3]', 'nack 1 refused-by-store [1,4]', 'ack 1']);
  const [nack] = one.socket.of('nack');
  assert.equal(nack?.['retry'], false);
  assert.match(JSON.stringify(nack?.['errors']), /field type conflict/);
  assert.deepEqual([pipeline.ledger.total.deadLettered, pipeline.ledger.total.stored], [4, 4]);
});

test('up is turned into time by the anchor of its boot; an earlier boot of the device keeps its own', async (t) => {
  const { pass, open, store } = await startSessions(t);
  const first = await open('d1', { boot: 'b1', t1: 5_000 });
  await pass(60_000);
  first.session.closed(1006, '');
  const second = await open('d1', { boot: 'b2', t1: 1_000 });
  second.telemetry({ up: 1_500 });
  second.telemetry({ up: 7_000, boot: 'b1' });
  second.telemetry({ up: 7_000, boot: 'b0' });
  await pass(1_000);
  const times = [...store.stored].map((line) => Number(line.split(' ').at(-1)) / 1_000);
  assert.deepEqual(times, [startMs + 60_500, startMs + 2_000]);
  assert.deepEqual(second.socket.answers, ['nack 3 clock', 'ack 3']);
});

test('the same reading sent again after a reconnect is the same line', async (t) => {
  const { pass, open, store } = await startSessions(t);
  const first = await open('d1', { t1: 1_000 });
  first.telemetry({ up: 1_500.25 });
  await pass(200);
  first.session.closed(1006, '');
  await pass(3_333.5);
  const again = await open('d1', { t1: 4_700 });
  again.telemetry({ up: 1_500.25 });
  await pass(200);
  assert.equal(store.writes.flat().length, 2);
  assert.equal(store.stored.size, 1);
});

test('acks for a congested device are postponed and merged, and delay nobody else', async (t) => {
  const { pass, open } = await startSessions(t, { ackDelayMs: 20 });
  const slow = await open('d1');
  const quick = await open('d2');
  slow.socket.bufferedAmount = 70_000;
  for (let round = 0; round < 5; round++) {
    slow.telemetry();
    quick.telemetry();
    await pass(120);
    assert.equal(quick.socket.of('ack').at(-1)?.['upTo'], round + 1);
  }
  assert.deepEqual(slow.socket.answers, []);
  assert.equal(slow.session.isOpen, true, 'acks alone never close a slow reader');
  slow.socket.bufferedAmount = 0;
  await pass(120);
  assert.deepEqual(slow.socket.answers, ['ack 5']);
});

test('an unknown type with a seq is nacked under it and settles it', async (t) => {
  const { pass, open } = await startSessions(t);
  const device = await open();
  device.telemetry();
  device.send({ type: 'telemetry2', seq: 2 });
  device.telemetry({ seq: 3 });
  await pass(1_000);
  assert.deepEqual(device.socket.answers, ['nack 2 unsupported', 'ack 3']);
});
