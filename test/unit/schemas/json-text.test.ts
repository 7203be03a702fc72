import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJson } from '../../../schemas/json-text.ts';
import { limits } from '../../../schemas/limits.ts';

/** JSON with a name repeated in one of its objects, and the pointers to each repeated name. */
const names = fc.constantFrom('a', 'b:', 'c"', 'd\\', '/~', '__proto__', 'constructor', '\u{1f600}', '');

interface Written {
  text: string;
  repeated: string[];
}

const written = fc.letrec<{ value: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc
      .oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(true, null))
      .map((value) => ({
        text: JSON.stringify(value),
        repeated: [],
      })),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => ({
      text: `[${items.map(({ text }) => text).join(' ,')}]`,
      repeated: items.flatMap(({ repeated }, at) => repeated.map((path) => `/${at}${path}`)),
    })),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((members) => {
      const seen = new Set<string>();
      const repeated = members.flatMap(([name, value]) => {
        const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const again = seen.has(name);
        seen.add(name);
        return [...(again ? [path] : []), ...value.repeated.map((inner) => `${path}${inner}`)];
      });
      return {
        text: `{${members.map(([name, { text }]) => `${JSON.stringify(name)}\n:${text}`).join(',')}}`,
        repeated,
      };
    }),
  ),
})).value;

test('exactly the names that stand twice are found, wherever they stand', () => {
  fc.assert(
    fc.property(written, ({ text, repeated }) => {
      const json = readJson(text, Infinity);
      assert.ok(json.kind === 'read');
      assert.deepEqual(json.value, JSON.parse(text));
      const found = (json.faults ?? []).filter(({ keyword }) => keyword === 'name').map(({ path }) => path);
      assert.deepEqual(new Set(found), new Set(repeated));
    }),
    { numRuns: 500 },
  );
});

test('exactly the numbers beyond the largest one are found: they would be passed on as null', () => {
  const many = (digits: number) => `1${'0'.repeat(digits - 1)}`;
  const number = fc.constantFrom(
    '1e400',
    '-1E+400',
    '1.5e309',
    many(310),
    `-${many(400)}`,
    '1e308',
    many(309),
    '0',
  );
  const inside = fc.constantFrom<[before: string, after: string, path: string]>(
    ['', '', ''],
    [' ', '\n', ''],
    ['{"a":', '}', '/a'],
    ['{"a":"1e400","b":[true , ', ',false]}', '/b/1'],
    ['[[-1],{"a/b":', ' },"x"]', '/1/a~1b'],
  );
  fc.assert(
    fc.property(number, inside, (digits, [before, after, path]) => {
      const json = readJson(`${before}${digits}${after}`);
      assert.ok(json.kind === 'read');
      const isBeyond = !Number.isFinite(Number(digits));
      assert.deepEqual(json.faults?.map((fault) => fault.path) ?? [], isBeyond ? [path] : []);
    }),
    { numRuns: 300 },
  );
});

test('exactly the texts with half a surrogate pair are found, names too', () => {
  const units = fc.array(fc.integer({ min: 0xd700, max: 0xe000 }), { maxLength: 4 });
  fc.assert(
    fc.property(units, fc.boolean(), (codes, asName) => {
      const text = String.fromCharCode(...codes);
      const json = readJson(JSON.stringify(asName ? { x: { [text]: 1 } } : { x: ['', text] }));
      assert.ok(json.kind === 'read');
      const expected = text.isWellFormed() ? undefined : [asName ? '/x' : '/x/1'];
      assert.deepEqual(
        json.faults?.map(({ path }) => path),
        expected,
      );
    }),
  );
});

test('a byte order mark at the start is taken, once', () => {
  assert.deepEqual(readJson('\ufeff{"a":1}'), { kind: 'read', value: { a: 1 } });
  const twice = readJson('\ufeff\ufeff{"a":1}');
  assert.ok(twice.kind === 'unreadable');
  assert.equal(twice.fault.got, 'preceded by U+FEFF');
});

test('what keeps a text from being JSON is named when it cannot be seen', () => {
  const gotOf = (text: string): string => {
    const json = readJson(text);
    return json.kind === 'unreadable' ? `${json.fault.expected}: ${json.fault.got}` : 'read';
  };
  assert.equal(gotOf('{"a":1}\0'), 'a JSON object and nothing after it: followed by U+0000');
  assert.equal(gotOf('{"a":1}\0\0\0'), 'a JSON object and nothing after it: followed by U+0000');
  assert.equal(gotOf('{"a":1}\ufeff'), 'a JSON object and nothing after it: followed by U+FEFF');
  assert.equal(gotOf('\u00a0{"a":1}'), 'a JSON object and nothing before it: preceded by U+00A0');
  assert.equal(gotOf('\u200b{"a":1}'), 'a JSON object and nothing before it: preceded by U+200B');
  assert.equal(gotOf(' \r\n\t{"a":1} \n'), 'read');
  assert.equal(gotOf('{"a":"\u0001"}'), 'a JSON object: {"a":"<U+0001>"}');
  assert.equal(gotOf(''), 'a JSON object: nothing');
  assert.equal(gotOf('\0'), 'a JSON object: <U+0000>');
  assert.equal(gotOf('{"a":NaN}'), 'a JSON object: {"a":NaN}');
  const cut = gotOf('\0'.repeat(7) + '123' + '\u{10860}'.repeat(9));
  assert.ok(cut.endsWith('123\u{10860}...'), 'no character is cut in half');
});

test('whatever the text, the answer shows no character that a terminal obeys', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const json = readJson(text);
      const faults = json.kind === 'unreadable' ? [json.fault] : (json.faults ?? []);
      for (const { got, expected } of faults) {
        assert.ok(got.length <= 64);
        assert.doesNotMatch(`${got}${expected}`, /\p{Cc}|\p{Cf}|\p{Cs}/u);
      }
    }),
  );
});

test('the path of a fault is as short as a nack has it, however long the names in it are', () => {
  const name = 'n'.repeat(5_000);
  for (const text of [`{"${name}":"\\ud800"}`, `{"${name}":{"a":1,"a":2}}`]) {
    const json = readJson(text);
    const [fault] = (json.kind === 'read' ? json.faults : undefined) ?? [];
    assert.equal(fault?.path.length, limits.path);
    assert.match(fault.path, /^\/n+…$/);
  }
});
