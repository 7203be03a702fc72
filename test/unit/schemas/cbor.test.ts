import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CborFloat } from '../../../schemas/cbor/cbor-float.ts';
import { cborText, readCbor, type CborRead } from '../../../schemas/cbor/cbor-reader.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { readJson } from '../../../schemas/json-text.ts';

/** CBOR as RFC 8949 has it, as far as JSON has it too. */

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');
const hexOf = (value: unknown): string => Buffer.from(writeCbor(value)).toString('hex');
const valueOf = (hex: string): unknown => {
  const read = readCbor(bytes(hex));
  assert.equal(read.kind, 'read', hex);
  return read.kind === 'read' && read.faults === undefined ? read.value : read;
};

/** RFC 8949 appendix A, in a map, in which a float is a number. */
const examples: readonly [value: unknown, hex: string][] = [
  [0, '00'],
  [1, '01'],
  [10, '0a'],
  [23, '17'],
  [24, '1818'],
  [25, '1819'],
  [100, '1864'],
  [1000, '1903e8'],
  [1_000_000, '1a000f4240'],
  [1_000_000_000_000, '1b000000e8d4a51000'],
  [-1, '20'],
  [-10, '29'],
  [-100, '3863'],
  [-1000, '3903e7'],
  [1.1, 'fb3ff199999999999a'],
  [1.5, 'f93e00'],
  [3.402_823_466_385_288_6e38, 'fa7f7fffff'],
  [1e300, 'fb7e37e43c8800759c'],
  [5.960_464_477_539_063e-8, 'f90001'],
  [0.000_061_035_156_25, 'f90400'],
  [-4.1, 'fbc010666666666666'],
  [false, 'f4'],
  [true, 'f5'],
  [null, 'f6'],
  ['', '60'],
  ['a', '6161'],
  ['IETF', '6449455446'],
  ['"\\', '62225c'],
  ['\u00fc', '62c3bc'],
  ['\u6c34', '63e6b0b4'],
  ['\ud800\udd51', '64f0908591'],
  [[], '80'],
  [[1, 2, 3], '83010203'],
  [[1, [2, 3], [4, 5]], '8301820203820405'],
  [Array.from({ length: 25 }, (_, n) => n + 1), '98190102030405060708090a0b0c0d0e0f101112131415161718181819'],
  [{}, 'a0'],
  [{ a: 1, b: [2, 3] }, 'a26161016162820203'],
  [{ a: 'A', b: 'B', c: 'C', d: 'D', e: 'E' }, 'a56161614161626142616361436164614461656145'],
];

test('the examples of RFC 8949 are read and written as it has them', () => {
  for (const [value, hex] of examples) {
    assert.equal(hexOf(value), hex);
    assert.deepEqual(valueOf(`a16176${hex}`), { v: value });
  }
});

test('in an array a float stays apart from an integer, and what is absent from null', () => {
  assert.deepEqual(valueOf('8418641864f6f7'), [100, 100, null, undefined]);
  assert.deepEqual(valueOf('83f95640f97e00f97c00'), [
    new CborFloat(100),
    new CborFloat(Number.NaN),
    new CborFloat(Infinity),
  ]);
  assert.equal(hexOf([new CborFloat(100), 100, undefined]), '83f956401864f7');
  assert.equal(
    cborText([1, new CborFloat(100), new CborFloat(0.5), undefined, { a: null }]),
    '[1, 100.0, 0.5, undefined, {"a": null}]',
  );
});

test('names are written in the order of their bytes, the shorter first, and undefined members not at all', () => {
  assert.equal(hexOf({ aa: 1, b: undefined, z: 2, é: 3 }), 'a3617a026261610162c3a903');
});

test('floats of every width are read, and written by the shortest that is the same number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.boolean(), (double, narrow) => {
      const value = narrow ? Math.fround(double) : double;
      const written = writeCbor([new CborFloat(value)]);
      const read = readCbor(written);
      assert.ok(read.kind === 'read');
      assert.ok(Object.is((read.value as CborFloat[])[0]?.value, value), `${value}`);
      const length = Math.fround(value) === value ? 6 : 10;
      assert.ok(written.length === length || written.length === 4, `${value}: ${written.length}`);
    }),
  );
  // Every binary16 there is.
  for (let bits = 0; bits < 0x1_0000; bits += 1) {
    const hex = `81f9${bits.toString(16).padStart(4, '0')}`;
    const [half] = valueOf(hex) as [CborFloat];
    if (!Number.isNaN(half.value)) assert.equal(hexOf([half]), hex);
  }
});

test('what JSON says and CBOR says of the same value is the same, in the shortest encoding', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const json = readJson(JSON.stringify(value));
      const read = readCbor(writeCbor(value));
      assert.ok(json.kind === 'read' && json.faults === undefined && read.kind === 'read');
      assert.equal(read.faults, undefined);
      assert.deepEqual(read.value, json.value);
      assert.deepEqual(writeCbor(read.value), writeCbor(value));
    }),
  );
});

test('integers beyond what a double holds are rounded as in JSON', () => {
  const write = (value: bigint): string =>
    value < 0n
      ? `3b${(-1n - value).toString(16).padStart(16, '0')}`
      : `1b${value.toString(16).padStart(16, '0')}`;
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }), (value) => {
      assert.deepEqual(valueOf(`a16176${write(value)}`), JSON.parse(`{"v":${value}}`));
    }),
  );
});

test('what JSON cannot say is a fault with its place, and nothing of it is lost in silence', () => {
  const cases: readonly [hex: string, path: string, got: RegExp][] = [
    ['a2616101616102', '/a', /given twice/],
    ['a16161a2616201616202', '/a/b', /given twice/],
    ['a161614101', '/a', /a byte string/],
    ['a1616182014101', '/a/1', /a byte string/],
    ['a16161c249010000000000000000', '/a', /tag 2/],
    ['a16161f7', '/a', /undefined/],
    ['a16161f97e00', '/a', /NaN/],
    ['a16161f97c00', '/a', /Infinity/],
    ['a16161fb7ff0000000000000', '/a', /Infinity/],
    ['a16161f0', '/a', /simple value 16/],
    ['a16161f8ff', '/a', /simple value 255/],
    ['c1a0', '', /tag 1/],
  ];
  for (const [hex, path, got] of cases) {
    const read = readCbor(bytes(hex));
    assert.ok(read.kind === 'read', hex);
    assert.equal(read.faults?.[0]?.path, path, hex);
    assert.match(read.faults?.[0]?.got ?? '', got, hex);
  }
});

test('a name that would be the prototype is a name', () => {
  const read = readCbor(writeCbor(JSON.parse('{"__proto__":{"a":1}}')));
  assert.ok(read.kind === 'read');
  assert.deepEqual(Object.keys(read.value as object), ['__proto__']);
  assert.equal(Object.getPrototypeOf(read.value), Object.prototype);
});

test('what is not well-formed, or has no definite length, is refused with the rule', () => {
  const cases: readonly [hex: string, expected: RegExp, got: RegExp][] = [
    ['', /a CBOR map/, /nothing/],
    ['a1', /a whole CBOR item/, /0 bytes for 1/],
    ['a16161', /a whole CBOR item/, /end after 3 bytes/],
    ['a0a0', /nothing after it/, /1 more bytes/],
    ['9f01ff', /definite lengths/, /byte 0/],
    ['bf616101ff', /definite lengths/, /byte 0/],
    ['a161617f6161ff', /definite lengths/, /byte 3/],
    ['ff', /definite lengths/, /byte 0/],
    ['a161611c', /well-formed/, /byte 3/],
    ['a16161f818', /well-formed/, /./],
    ['a10102', /names are texts/, /byte 1/],
    ['9bffffffffffffffff', /a whole CBOR item/, /./],
    ['bb7fffffffffffffff', /a whole CBOR item/, /./],
    ['a161617bffffffffffffffff', /a whole CBOR item/, /./],
    ['a161615bffffffffffffffff', /a whole CBOR item/, /./],
    [`${'81'.repeat(65)}01`, /at most 64 levels/, /./],
    [`${'a16161'.repeat(65)}01`, /at most 64 levels/, /./],
    [`${'c1'.repeat(60_000)}01`, /at most 64 levels/, /./],
  ];
  for (const [hex, expected, got] of cases) {
    const read = readCbor(bytes(hex));
    assert.ok(read.kind === 'unreadable', hex.slice(0, 40));
    assert.match(read.fault.expected, expected, hex.slice(0, 40));
    assert.match(read.fault.got, got, hex.slice(0, 40));
  }
});

test('a text that is not UTF-8 is told apart, wherever it is', () => {
  for (const hex of ['62c328', 'a162c32801', 'a1616163eda080', `a161617820${'c3'.repeat(32)}`, 'a1616161ff'])
    assert.deepEqual(readCbor(bytes(hex)), { kind: 'bad-utf8' }, hex);
});

test('frames that claim to be huge at every level take neither memory nor time', () => {
  const size = 65_535;
  const claims = Buffer.alloc(size);
  for (let at = 0; at + 5 <= size; at += 5) {
    claims[at] = 0x9a;
    claims.writeUInt32BE(size - at - 5, at + 1);
  }
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 100; n += 1) assert.equal(readCbor(claims).kind, 'unreadable');
  assert.ok(process.memoryUsage().heapUsed - before < 50_000_000);
});

test('whatever bytes come, they are read or refused, and never throw', () => {
  const seen = new Map<CborRead['kind'], number>();
  const mutated = fc
    .tuple(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
    )
    .map(([value, changes]) => {
      const made = writeCbor(value);
      for (const [at, byte] of changes) made[at % made.length] = byte;
      return made;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (some) => {
      const read = readCbor(some);
      seen.set(read.kind, (seen.get(read.kind) ?? 0) + 1);
      const faults =
        read.kind === 'unreadable' ? [read.fault] : read.kind === 'read' ? (read.faults ?? []) : [];
      for (const { path, expected, got } of faults) {
        assert.ok(path === '' || path.startsWith('/'));
        assert.ok(expected !== '' && expected.length <= 200 && got !== '' && got.length <= 64, got);
      }
      if (read.kind === 'read') cborText(read.value);
    }),
    { numRuns: 2_000 },
  );
  for (const kind of ['read', 'unreadable', 'bad-utf8'] as const) assert.ok((seen.get(kind) ?? 0) > 20, kind);
});
