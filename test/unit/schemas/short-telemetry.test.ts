import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCborFrame } from '../../../hub/sessions/frames/frame-codec.ts';
import { CborFloat } from '../../../schemas/cbor/cbor-float.ts';
import { readCbor } from '../../../schemas/cbor/cbor-reader.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { expandTelemetry, type ExpandedFrame } from '../../../schemas/cbor/expanded-telemetry.ts';
import { shortenTelemetry, type ShortStreams } from '../../../schemas/cbor/short-telemetry.ts';
import { isLayoutOf, layoutOf } from '../../../schemas/cbor/type-layout.ts';
import type { DeviceTypeDefinition } from '../../../schemas/device-type-definition.ts';
import type { TelemetryFrame } from '../../../schemas/index.ts';
import { attempts } from '../../helpers/fuzz/schema-values.ts';

/** The short form of telemetry: what it stands for, and how long it is. */

const shipped = (name: string): DeviceTypeDefinition =>
  JSON.parse(
    readFileSync(new URL(`../../../schemas/device-types/${name}.json`, import.meta.url), 'utf8'),
  ) as DeviceTypeDefinition;

const types = ['env-sensor@1', 'smart-valve@1', 'traffic-detector@1'].map(shipped);
const envSensor = shipped('env-sensor@1');

const shortStreamsOf = (type: DeviceTypeDefinition): ShortStreams => layoutOf(type).streams;

const expanded = (item: readonly unknown[], type = envSensor): ExpandedFrame => {
  const read = readCbor(writeCbor(item));
  assert.ok(read.kind === 'read');
  const frame = expandTelemetry(read.value as unknown[], shortStreamsOf(type));
  assert.ok(frame !== undefined);
  return frame;
};

const readAgain = (hex: string): unknown => {
  const read = readCbor(Buffer.from(hex, 'hex'));
  assert.ok(read.kind === 'read');
  return read.value;
};

/** JSON can spell half a surrogate pair, which UTF-8 cannot. */
const halfPair = /\\ud[89a-f]/i;

/** The numbers themselves, bit for bit: deepEqual takes 0 for -0. */
function assertSame(given: unknown, back: unknown): void {
  // Both are written by JSON without the sign of zero.
  assert.deepEqual(back, JSON.parse(JSON.stringify(given)));
}

test('a reading is its values in the order of the device type', () => {
  assert.deepEqual(expanded([1, 7, 0, 1_700_000_000_000, [2157, 405, 3709, -60]]).frame, {
    type: 'telemetry',
    seq: 7,
    stream: 'env',
    ts: 1_700_000_000_000,
    data: { temperature: 21.57, humidity: 40.5, battery: 3.709, rssi: -60 },
  });
  // Off its steps, absent, null, and shorter than the type.
  assert.deepEqual(
    expanded([1, 8, 0, [5_000], [new CborFloat(21), undefined, null], { boot: 'b-1', backfill: true }]).frame,
    {
      type: 'telemetry',
      seq: 8,
      stream: 'env',
      up: 5_000,
      boot: 'b-1',
      backfill: true,
      data: { temperature: 21, battery: null },
    },
  );
});

test('a batch is columns of differences, and times that say by how much the pace changes', () => {
  const { frame } = expanded([
    3,
    9,
    0,
    4,
    [1_000, 10, 0, 5],
    [[2000, 1, -1], undefined, [3700], [-60, 0, 0, -1]],
  ]);
  assert.deepEqual(frame['samples'], [
    { ts: 1_000, data: { temperature: 20, battery: 3.7, rssi: -60 } },
    { ts: 1_010, data: { temperature: 20.01, battery: 3.7, rssi: -60 } },
    { ts: 1_020, data: { temperature: 20, battery: 3.7, rssi: -60 } },
    { ts: 1_035, data: { temperature: 20, battery: 3.7, rssi: -61 } },
  ]);
  const up = expanded([3, 9, 0, 2, [[50, 5]], [[2000]]]).frame['samples'];
  assert.deepEqual(up, [
    { up: 50, data: { temperature: 20 } },
    { up: 55, data: { temperature: 20 } },
  ]);
});

test('a value of a list of words is its place in the list', () => {
  const valve = shipped('smart-valve@1');
  const streams = shortStreamsOf(valve);
  const withWords = streams.findIndex(({ fields }) => fields.some(({ values }) => values !== undefined));
  assert.ok(withWords >= 0);
  const fields = streams[withWords]?.fields ?? [];
  const at = fields.findIndex(({ values }) => values !== undefined);
  const values = fields.map((_, index) => (index === at ? 1 : undefined));
  const { frame } = expanded([1, 1, withWords, 0, values], valve);
  assert.deepEqual(frame['data'], { [fields[at]?.name ?? '']: fields[at]?.values?.[1] });
});

test('every reading of the shipped types, good or bad, comes back bit for bit from its short form', () => {
  let short = 0;
  for (const type of types) {
    const streams = Object.entries(type.streams ?? {});
    const frames = fc.constantFrom(...streams).chain(([stream, schema]) => {
      const data = attempts(schema, {});
      const ms = fc.oneof(fc.nat(2 ** 41), fc.double({ min: 0, max: 2 ** 41, noNaN: true }));
      const time = fc.oneof(
        ms.map((ts) => ({ ts })),
        ms.map((up) => ({ up })),
      );
      const one = fc.record({ time, data }).map((sample) => ({ ...sample.time, data: sample.data }));
      const many = fc
        .record({
          name: fc.constantFrom('ts', 'up'),
          rows: fc.array(fc.tuple(ms, data), { minLength: 1, maxLength: 20 }),
        })
        .map(({ name, rows }) => ({ samples: rows.map(([at, row]) => ({ [name]: at, data: row })) }));
      const more = fc.record({ boot: fc.constant('b-1'), backfill: fc.boolean() }, { requiredKeys: [] });
      return fc
        .record({ seq: fc.integer({ min: 1, max: 2 ** 40 }), rest: fc.oneof(one, many), more })
        .map(
          ({ seq, rest, more: others }) =>
            ({ type: 'telemetry', seq, stream, ...rest, ...others }) satisfies TelemetryFrame,
        );
    });
    fc.assert(
      fc.property(frames, (frame) => {
        fc.pre(!halfPair.test(JSON.stringify(frame)));
        const made = shortenTelemetry(frame, shortStreamsOf(type));
        if (made === undefined) return;
        short += 1;
        const back = expanded(made, type);
        assert.equal(back.fault, undefined);
        assertSame(frame, back.frame);
      }),
      { numRuns: 500 },
    );
  }
  assert.ok(short > 500, `${short} had a short form`);
});

test('every number of steps is the number that its decimals say, to the last bit', () => {
  const type = {
    name: 't',
    version: 1,
    streams: {
      s: {
        type: 'object',
        properties: Object.fromEntries(
          [0.01, 0.1, 0.001, 0.5, 0.25, 5, 2e-7, 1e-9, 100].map((step, at) => [
            `f${at}`,
            { type: 'number', 'x-step': step },
          ]),
        ),
      },
    },
  } as unknown as DeviceTypeDefinition;
  const fields = shortStreamsOf(type)[0]?.fields ?? [];
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), (steps) => {
      const { frame } = expanded([1, 1, 0, 0, fields.map(() => steps)], type);
      for (const { name, unit, scale } of fields) {
        const decimals = Math.round(Math.log10(scale));
        const digits = `${BigInt(steps) * BigInt(unit)}e-${decimals}`;
        assert.equal((frame['data'] as Record<string, number>)[name], Number(digits) + 0, digits);
      }
    }),
  );
});

test('a short form that is none is refused with what it should be, and its seq is known', () => {
  const cases: readonly [item: unknown[], expected: RegExp][] = [
    [[1, 7, 0, 0, 'no list'], /a list of values/],
    [[1, 7, 0, 0], /a list of values/],
    [
      [1, 7, 0, 0, [1, 2, 3, 4, 5]],
      /at most 4 values, in the order of env: temperature, humidity, battery, rssi/,
    ],
    [[3, 7, 0, 0, [0], []], /1 to 500 readings/],
    [[3, 7, 0, 501, [0], []], /1 to 500 readings/],
    [[3, 7, 0, 1e9, [0], []], /1 to 500 readings/],
    [[3, 7, 0, 'x', [0], []], /1 to 500 readings/],
    [[3, 7, 0, 2, [], []], /1 to 2 times/],
    [[3, 7, 0, 2, [0, 1, 2], []], /1 to 2 times/],
    [[3, 7, 0, 2, 0, []], /1 to 2 times/],
    [[3, 7, 0, 2, [0], 'x'], /a list of columns/],
    [[3, 7, 0, 2, [0], [[1, 2, 3]]], /at most 2 values of temperature/],
    [[3, 7, 0, 2, [0], ['x']], /at most 2 values of temperature/],
    [[3, 7, 0, 2, [0], [[], [], [], [], []]], /at most 4 values/],
  ];
  for (const [item, expected] of cases) {
    const { frame, fault } = expanded(item);
    assert.match(fault?.expected ?? '', expected, JSON.stringify(item));
    assert.ok((fault?.got.length ?? 0) > 0);
    assert.equal(frame['seq'], 7);
  }
  assert.equal(expandTelemetry([4, 1], []), undefined);
  assert.equal(expandTelemetry([], []), undefined);
  const before = expandTelemetry([1, 7, 0, 0, [1]], undefined);
  assert.match(before?.fault?.expected ?? '', /hello/);
  assert.equal(before?.frame['seq'], 7);
  // Unknown streams are named so that no stream can have the name.
  assert.equal(expanded([1, 7, 9, 0, [1]]).frame['stream'], '#9');
});

test('whatever a short form holds, it expands or is refused, and never throws', () => {
  const leaf = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double().map((value) => new CborFloat(value)),
    fc.constantFrom(null, undefined, true, 'x', '__proto__'),
  );
  const item = fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 6 }),
    fc.array(fc.array(leaf, { maxLength: 6 }), { maxLength: 6 }),
    fc.dictionary(fc.string(), leaf),
  );
  fc.assert(
    fc.property(fc.constantFrom(1, 3), fc.array(item, { maxLength: 8 }), (code, rest) => {
      for (const type of types) expandTelemetry([code, ...rest], shortStreamsOf(type));
    }),
    { numRuns: 2_000 },
  );
});

test('it takes a third to a twentieth of the bytes of JSON', () => {
  // A linear congruential generator: the same walk each time.
  let state = 1;
  const walk = (most: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return (Math.floor(state / 1_000) % (2 * most + 1)) - most;
  };
  const readings = (count: number): { ts: number; data: object }[] => {
    let [temperature, humidity, battery, rssi] = [2150, 405, 3709, -60];
    return Array.from({ length: count }, (_, n) => {
      temperature += walk(12);
      humidity += walk(3);
      if (n % 20 === 0) battery -= 1;
      rssi += walk(2);
      const ts = 1_700_000_000_000 + n * 1_000;
      return {
        ts,
        data: { temperature: temperature / 100, humidity: humidity / 10, battery: battery / 1000, rssi },
      };
    });
  };
  const sizes = [1, 10, 300].map((count) => {
    const samples = readings(count);
    const body = count === 1 ? samples[0] : { samples };
    const frame = { type: 'telemetry', seq: 117, stream: 'env', ...body } as TelemetryFrame;
    const short = writeCbor(shortenTelemetry(frame, shortStreamsOf(envSensor)));
    return { json: JSON.stringify(frame).length, names: writeCbor(frame).length, short: short.length };
  });
  const most = [31, 78, 1_356];
  for (const [at, { json, names, short }] of sizes.entries()) {
    assert.ok(short <= (most[at] ?? 0), JSON.stringify(sizes));
    assert.ok(names < json && short * 3 < json, JSON.stringify(sizes));
  }
});

test('the examples for authors of firmware say the same in both encodings, and the bad ones are refused', () => {
  const file = new URL('../../../schemas/examples/cbor/env-sensor@1.json', import.meta.url);
  const examples = JSON.parse(readFileSync(file, 'utf8')) as {
    valid: { name: string; hex: string; frame: object }[];
    invalid: { name: string; hex: string }[];
  };
  const streams = shortStreamsOf(envSensor);
  for (const { name, hex, frame } of examples.valid) {
    const parsed = parseCborFrame(Buffer.from(hex, 'hex'), streams);
    assert.equal(parsed.kind, 'frame', name);
    assert.deepEqual('frame' in parsed && parsed.frame, frame, name);
    assert.equal(
      Buffer.from(writeCbor(readAgain(hex))).toString('hex'),
      hex,
      `${name} is written deterministically`,
    );
  }
  for (const { name, hex } of examples.invalid)
    assert.notEqual(parseCborFrame(Buffer.from(hex, 'hex'), streams).kind, 'frame', name);
});

test('a layout holds as long as nothing changes its place: at the end there may be more', () => {
  const field = (more: object = {}): object => ({ type: 'number', 'x-step': 0.1, ...more });
  const typeOf = (...streams: [name: string, fields: object][]): DeviceTypeDefinition =>
    ({
      name: 't',
      version: 1,
      streams: Object.fromEntries(
        streams.map(([name, properties]) => [name, { type: 'object', properties }]),
      ),
    }) as unknown as DeviceTypeDefinition;
  const { fingerprint } = layoutOf(typeOf(['s', { a: field(), b: field() }]));
  const mode = (...words: string[]): object => ({ type: 'string', enum: words });
  const holds = (type: DeviceTypeDefinition): boolean => isLayoutOf(fingerprint, type);
  assert.match(fingerprint, /^2-[0-9a-f]{16}$/);
  assert.ok(holds(typeOf(['s', { a: field({ minimum: 0 }), b: field() }])));
  assert.ok(holds(typeOf(['s', { a: field(), b: field(), c: mode('x') }], ['more', { a: field() }])));
  assert.ok(!holds(typeOf(['s', { b: field(), a: field() }])));
  assert.ok(!holds(typeOf(['s', { a: field({ 'x-step': 0.2 }), b: field() }])));
  assert.ok(!holds(typeOf(['s', { a: field() }])));
  assert.ok(!holds(typeOf(['more', { a: field() }], ['s', { a: field(), b: field() }])));
  assert.ok(!holds(typeOf()));
  const words = layoutOf(typeOf(['s', { mode: mode('x', 'y') }])).fingerprint;
  assert.ok(!isLayoutOf(words, typeOf(['s', { mode: mode('y', 'x') }])));
  for (const strange of ['', '2', '-', '99999999999.1-00', `2-${'0'.repeat(16)}`, '-1-00'])
    assert.equal(isLayoutOf(strange, typeOf(['s', { a: field(), b: field() }])), false, strange);
});
