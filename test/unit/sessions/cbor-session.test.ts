import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { CborFloat } from '../../../schemas/cbor/cbor-float.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { layoutOf } from '../../../schemas/cbor/type-layout.ts';
import { compileDeviceType } from '../../../schemas/index.ts';
import { attempts } from '../../helpers/fuzz/schema-values.ts';
import { FrameViews } from '../../../hub/admin/frame-views.ts';
import {
  sensorType,
  startSessions,
  turn,
  type Encoding,
  type FixtureOptions,
} from '../../helpers/hubs/session-fixture.ts';
import { startMs } from '../../helpers/start-time.ts';

/** `hub.v1.cbor`: the same session as with JSON, frame for frame. */

const encodings: readonly Encoding[] = ['json', 'cbor-names', 'cbor-short'];
const types = ['env-sensor@1', 'smart-valve@1', 'traffic-detector@1'].map((name) => {
  const file = new URL(`../../../schemas/device-types/${name}.json`, import.meta.url);
  return compileDeviceType(JSON.parse(readFileSync(file, 'utf8')), name);
});

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

const openCbor = async (t: TestContext, options: FixtureOptions = {}) => {
  const hub = await startSessions(t, { encoding: 'cbor-short', ...options });
  return { hub, device: await hub.open() };
};

test('the same readings, good and bad, give the same lines, acks and nacks in every encoding', async (t) => {
  for (const type of types) {
    const hubs = await Promise.all(
      encodings.map((encoding) => startSessions(t, { encoding, type, inFlight: 64 })),
    );
    const streams = [...type.streams.keys()];
    const frames = fc.constantFrom(...streams).chain((stream) => {
      // JSON can spell half a surrogate pair, which UTF-8 cannot.
      const data = attempts(type.definition.streams?.[stream] ?? {}, {}).filter(
        (value) => !/\\ud[89a-f]/i.test(JSON.stringify(value) ?? ''),
      );
      const ts = fc
        .oneof(fc.nat(60_000), fc.double({ min: 0, max: 60_000, noNaN: true }))
        .map((ms) => ({ ts: startMs - 60_000 + ms }));
      const up = fc.nat(60_000).map((ms) => ({ up: ms }));
      const sample = (time: fc.Arbitrary<object>) =>
        fc.tuple(time, data).map(([at, row]) => ({ ...at, data: row }));
      const samples = fc
        .oneof(
          ts.map(() => ts),
          up.map(() => up),
        )
        .chain((time) => fc.array(sample(time), { minLength: 1, maxLength: 12 }));
      return fc.oneof(
        sample(ts).map((one) => ({ stream, ...one })),
        sample(up).map((one) => ({ stream, ...one })),
        samples.map((many) => ({ stream, samples: many })),
      );
    });
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 8 }), async (some) => {
        const outcomes = [];
        for (const hub of hubs) {
          hub.store.stored.clear();
          const device = await hub.open('d1');
          for (const [at, frame] of some.entries()) device.send({ type: 'telemetry', seq: at + 1, ...frame });
          await hub.pass(2_000);
          const { closedWith, answers } = device.socket;
          outcomes.push({ lines: [...hub.store.stored], answers, closedWith });
          device.session.closed(1000, '');
          await turn();
        }
        const [json, ...others] = outcomes;
        for (const other of others) assert.deepEqual(other, json);
      }),
      { numRuns: 60 },
    );
    assert.ok(hubs.every(({ ingest }) => ingest.nullFields >= 0));
  }
});

test('hello, heartbeat, event, log, command answers and bye are taken with their names', async (t) => {
  const { hub, device } = await openCbor(t);
  device.send({ type: 'heartbeat', t1: 5 });
  device.send({ type: 'event', seq: 1, ts: startMs, name: 'leak', severity: 'critical', data: { zone: 2 } });
  device.send({ type: 'received', re: 'c-1' });
  device.send({ type: 'result', re: 'c-1', status: 'succeeded', output: { a: 1.5 } });
  await hub.pass(1_000);
  assert.equal(device.socket.of('heartbeat').length, 1);
  assert.deepEqual(device.socket.answers, ['ack 1']);
  device.send({ type: 'bye' });
  await hub.pass(1_000);
  assert.equal(device.socket.closedWith?.code, 1000);
});

test('a text frame closes 1003, as a binary one does on JSON', async (t) => {
  const { device } = await openCbor(t);
  device.session.text('{"type":"heartbeat","t1":5}');
  assert.deepEqual(device.socket.closedWith, { code: 1003, reason: 'text-frame' });
  const json = await startSessions(t);
  const other = await json.open();
  other.session.binary(writeCbor({ type: 'heartbeat', t1: 5 }));
  assert.deepEqual(other.socket.closedWith, { code: 1003, reason: 'binary-frame' });
});

test('a text that is not UTF-8 closes 1007', async (t) => {
  const { device } = await openCbor(t);
  device.session.binary(bytes('a1647479706562c328'));
  assert.deepEqual(device.socket.closedWith, { code: 1007, reason: 'bad-utf8' });
});

test('what is no CBOR is nacked, and ten in a row close 4400; a good frame between them begins anew', async (t) => {
  const { hub, device } = await openCbor(t);
  for (const hex of ['', 'ff', '9f', 'a1', '1c', '01', '6161', 'f6', 'a0a0'])
    device.session.binary(bytes(hex));
  device.send({ type: 'heartbeat', t1: 5 });
  assert.equal(device.socket.closedWith, undefined);
  assert.deepEqual(
    device.socket.answers,
    Array.from({ length: 9 }, () => 'nack - schema'),
  );
  for (let n = 0; n < 10; n += 1) device.session.binary(bytes('9fff'));
  assert.deepEqual(device.socket.closedWith, { code: 4400, reason: 'undecodable' });
  assert.equal(hub.counters.undecodable, 19);
});

test('seqs are judged by the rules of JSON, in both forms of telemetry', async (t) => {
  const { hub, device } = await openCbor(t);
  device.telemetry({ seq: 1 });
  device.session.binary(bytes('ff'));
  device.telemetry({ seq: 3 });
  await hub.pass(1_000);
  assert.deepEqual(device.socket.answers, ['nack - schema', 'nack 2 schema', 'ack 3']);
  device.telemetry({ seq: 3 });
  assert.deepEqual(device.socket.closedWith, { code: 4400, reason: 'bad-seq' });
});

test('a short form before the hello is nacked not-open by its seq, and one behind it is held', async (t) => {
  const hub = await startSessions(t, { encoding: 'cbor-short' });
  const device = hub.connect();
  device.telemetry({ seq: 1 });
  assert.deepEqual(device.socket.answers, ['nack 1 not-open']);
  const opening = device.hello();
  device.telemetry({ seq: 2 });
  await opening;
  await hub.pass(1_000);
  assert.deepEqual(device.socket.answers, ['nack 1 not-open', 'ack 2']);
  assert.equal(hub.store.stored.size, 1);
});

test('a short form of an unknown stream, code or shape is refused for good, and the session goes on', async (t) => {
  const { hub, device } = await openCbor(t);
  const short = (item: unknown[]): void => device.session.binary(writeCbor(item));
  short([1, 1, 7, startMs, [20]]);
  short([1, 2, 0, startMs, [20, 1, 'x', 9]]);
  short([3, 3, 0, 501, [startMs], [[20]]]);
  short([2, 5]);
  short([]);
  short([1, 'x', 0, startMs, [20]]);
  short([1, 4, 0, startMs, [20]]);
  await hub.pass(1_000);
  assert.deepEqual(device.socket.answers, [
    'nack 1 unknown-stream',
    'nack 2 schema',
    'nack 3 schema',
    'nack - unsupported',
    'nack - unsupported',
    'nack - schema',
    'ack 4',
  ]);
  assert.equal(device.socket.closedWith, undefined);
});

test('a device that was made with other places for its fields is refused before it sends a value', async (t) => {
  const hub = await startSessions(t, { encoding: 'cbor-short' });
  const device = hub.connect();
  await device.hello({ layout: '3-0123456789abcdef' });
  assert.deepEqual(device.socket.closedWith, { code: 4400, reason: 'unsupported-type' });
  const [nack] = device.socket.of('nack');
  assert.equal(nack?.['code'], 'unsupported');
  assert.deepEqual(nack['errors'], [
    {
      path: '/layout',
      keyword: 'enum',
      expected: `${layoutOf(sensorType.definition).fingerprint}, the order of the fields in sensor@1`,
      got: '"3-0123456789abcdef"',
      in: 'frame',
    },
  ]);
});

test('a short form of a device that has not said its layout is refused, and its frames with names are taken', async (t) => {
  const { hub, device } = await openCbor(t, { encoding: 'cbor-names' });
  device.session.binary(writeCbor([1, 1, 0, startMs, [20]]));
  device.telemetry({ seq: 2 });
  await hub.pass(1_000);
  assert.deepEqual(device.socket.answers, ['nack 1 schema', 'ack 2']);
  assert.match(JSON.stringify(device.socket.of('nack')), /a hello with `layout` before it/);
});

test('fields that change places while a session is open change none of its values', async (t) => {
  const { hub, device } = await openCbor(t);
  const { streams = {}, ...rest } = sensorType.definition;
  const { properties = {}, ...schema } = streams['env'] ?? { type: 'object' };
  const turned = Object.fromEntries(Object.entries(properties).toReversed());
  const moved = { ...rest, streams: { env: { ...schema, properties: turned } } };
  device.session.typeChanged(compileDeviceType(moved, 'sensor@1.json'));
  device.session.binary(writeCbor([1, 1, 0, startMs, [20, 40]]));
  await hub.pass(1_000);
  assert.match([...hub.store.stored].join(), /humidity=40.*temperature=20|temperature=20.*humidity=40/);
});

test('a bad sample of a short batch is refused by its index, a reading that is no number by its field', async (t) => {
  const { hub, device } = await openCbor(t);
  // NaN is what firmware has for a sensor that does not answer.
  device.session.binary(writeCbor([3, 1, 0, 2, [startMs], [[new CborFloat(Number.NaN), 20]]]));
  await hub.pass(1_000);
  assert.deepEqual(device.socket.answers, ['nack 1 schema [0]', 'ack 1']);
  assert.equal(hub.store.stored.size, 1);
});

test('what is longer in CBOR than in JSON is measured as it is sent', async (t) => {
  const hub = await startSessions(t, { encoding: 'cbor-short' });
  const numbers = Array.from({ length: 200 }, (_, n) => n / 10);
  const frame = { type: 'notice', topic: 'x', data: numbers } as const;
  const text = JSON.stringify(frame);
  const device = await hub.open('d1', { maxFrame: text.length + 20 });
  assert.ok(device.session.outbox.bytesOf(frame) > text.length + 20);
  assert.equal(device.session.outbox.takes(text), false);
  const json = await startSessions(t);
  assert.ok((await json.open('d1', { maxFrame: text.length + 20 })).session.outbox.takes(text));
});

test('the inspector shows binary frames in diagnostic notation, with what was refused of them', async (t) => {
  const { hub, device } = await openCbor(t);
  device.telemetry({ data: { temperature: 20.5 } });
  device.telemetry({ data: { temperature: 999 } });
  device.session.binary(bytes('ff'));
  await hub.pass(1_000);
  const views = new FrameViews({
    frames: hub.sessions.frames,
    registry: hub.registry,
    audit: { record: () => Promise.resolve() },
    clock: hub.clock,
  });
  const rows = views.since('d1', 0).frames.slice(1);
  assert.match(rows[0]?.text ?? '', /^\{"t1": 0, .*"type": "hello"/);
  assert.deepEqual(
    rows
      .slice(2)
      .map(({ way, type, text, binary, nacks }) => [way, type, text.slice(0, 9), binary, nacks?.[0]?.code]),
    [
      ['in', 'telemetry', '[1, 1, 0,', true, undefined],
      ['in', 'telemetry', '[1, 2, 0,', true, 'schema'],
      ['out', 'nack', '{"seq": 2', true, undefined],
      ['in', undefined, "h'ff'", true, 'schema'],
      ['out', 'nack', '{"code": ', true, undefined],
      ['out', 'ack', '[2, 2]', true, undefined],
    ],
  );
});
