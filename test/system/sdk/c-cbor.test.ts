import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readCbor } from '../../../schemas/cbor/cbor-reader.ts';
import { run, sanitized, sdkFolder, sdkSources, strict } from '../../helpers/sdk/c-compiler.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdk-c-cbor-'));
after(() => rmSync(folder, { recursive: true }));

const program = join(folder, 'to-cbor');
const source = join(sdkFolder, '../test/to_cbor.c');
run('gcc', [...strict, ...sanitized, '-O1', source, ...sdkSources, '-o', program]);

/** What the hub reads when the C SDK writes these texts in CBOR; undefined: it writes none. */
function inCbor(texts: readonly string[]): unknown[] {
  const lines = run(program, [], `${texts.join('\n')}\n`)
    .split('\n')
    .slice(0, -1);
  assert.equal(lines.length, texts.length);
  return lines.map((line) => {
    if (line === '') return undefined;
    const read = readCbor(Buffer.from(line, 'hex'));
    return read.kind === 'read' ? (read.faults ?? read.value) : read.kind;
  });
}

function assertAsJson(texts: readonly string[]): void {
  // -0 is stored as 0.
  const wanted = texts.map((text) => (JSON.parse(text) as number) + 0);
  for (const [at, got] of inCbor(texts).entries()) assert.equal(Number(got) + 0, wanted[at], texts[at]);
}

const digits = (least: number, most: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9]{${least},${most}}$`));

test('a number in CBOR is the double that JSON of the same text is, whatever its digits', () => {
  const decimal = fc
    .tuple(fc.boolean(), digits(1, 45), digits(0, 45), fc.integer({ min: -350, max: 260 }), fc.boolean())
    .map(([isNegative, whole, fraction, exponent, isPlain]) => {
      const sign = isNegative ? '-' : '';
      const behind = fraction === '' ? '' : `.${fraction}`;
      return `${sign}${BigInt(whole)}${behind}${isPlain ? '' : `e${exponent}`}`;
    });
  const printed = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .chain((value) =>
      fc.constantFrom(String(value), value.toExponential(16), value.toExponential(17), value.toPrecision(21)),
    );
  assertAsJson(fc.sample(fc.oneof(decimal, printed), 20_000).filter(isFinite));
});

test('a number in the middle between two doubles goes to the even one, and one beside it to the nearer', () => {
  const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true, min: 2 ** 53, max: 2 ** 120 });
  const middles = fc.sample(anyDouble, 2_000).flatMap((value) => {
    const low = BigInt(value);
    const middle = (low + BigInt(above(value))) / 2n;
    return [middle, middle - 1n, middle + 1n].map(String);
  });
  assertAsJson(middles.filter((text) => text.length <= 40));
  assertAsJson([
    '9007199254740993',
    '9007199254740993.0000000000000000000000000000000000000001',
    '1e23',
    '8.5e22',
  ]);
});

test('the ends of the doubles are as in JSON: the greatest, the least, and what is less', () => {
  assertAsJson([
    '1.7976931348623157e308',
    '1.7976931348623158e308',
    '17976931348623157e292',
    '2.2250738585072014e-308',
    '2.2250738585072011e-308',
    '5e-324',
    '2.4703282292062328e-324',
    '2.4703282292062327e-324',
    '1e-400',
    `0.${'0'.repeat(323)}4`,
    `${'1'.repeat(300)}e-300`,
    '0e999999999',
    '-0.0',
    `0.${'0'.repeat(2_000)}1e2001`,
    `1${'0'.repeat(2_000)}e-2000`,
    `1${'0'.repeat(400)}.5e-400`,
  ]);
});

test('what is no JSON is not written, and a name that is given twice is there twice, so that the hub says so', () => {
  const reading = (data: string): string =>
    `{"type":"telemetry","seq":1,"stream":"env","up":1,"data":${data}}`;
  const broken = [
    '{"id":1',
    '{"id":1}}',
    '{"id":1}{',
    '{"id":01}',
    '{"id"}',
    '{"id":}',
    '{id:1}',
    "{'id':1}",
    '',
  ];
  for (const [at, got] of inCbor(broken.map(reading)).entries()) assert.equal(got, undefined, broken[at]);
  const [right, ...twice] = inCbor(
    ['{"id":1,"x":2}', '{"id":1,"x":1,"x":2}', '{"id":1,"id":1}'].map(reading),
  );
  assert.ok(Array.isArray(right));
  for (const faults of twice)
    assert.deepEqual(
      (faults as { got: string }[]).map(({ got }) => got),
      ['given twice'],
    );
});

function isFinite(text: string): boolean {
  return Number.isFinite(Number(text));
}

function above(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigUint64(0, view.getBigUint64(0) + 1n);
  return view.getFloat64(0);
}
