import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFrame } from '../../../hub/sessions/frame-decoder.ts';

const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

test('a JSON object is a frame, as JSON.parse reads it', () => {
  const shallow = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }));
  fc.assert(
    fc.property(shallow, (value) => {
      const text = JSON.stringify(value);
      const decoded = decodeFrame(text);
      assert.equal(decoded.kind, 'frame');
      assert.deepEqual(decoded.kind === 'frame' && decoded.frame, JSON.parse(text));
    }),
  );
});

test('any text gets an answer and nothing throws', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '1', 'a'))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const decoded = decodeFrame(text);
      if (decoded.kind === 'frame') return;
      const { error } = decoded;
      assert.ok(error.got.length <= 64 && error.keyword !== '' && error.in === 'frame');
    }),
  );
});

test('what is JSON and no object is told what was expected', () => {
  for (const text of ['null', '1', '"text"', '[]', '[{"type":"hello"}]', 'true']) {
    const decoded = decodeFrame(text);
    assert.deepEqual(decoded, {
      kind: 'undecodable',
      error: { path: '', keyword: 'type', expected: 'a JSON object', got: text, in: 'frame' },
    });
  }
});

test('64 levels are read, 65 are refused before parsing', () => {
  assert.equal(decodeFrame(nested(64)).kind, 'frame');
  const tooDeep = decodeFrame(nested(65));
  assert.equal(tooDeep.kind === 'undecodable' && tooDeep.error.keyword, 'depth');
  const arrays = decodeFrame(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`);
  assert.equal(arrays.kind === 'undecodable' && arrays.error.keyword, 'depth');
});

test('30,000 levels cost an answer, not the stack', () => {
  const decoded = decodeFrame('['.repeat(30_000));
  assert.equal(decoded.kind === 'undecodable' && decoded.error.keyword, 'depth');
});

test('brackets within strings are no levels, also behind escaped quotes', () => {
  const value = { a: '['.repeat(200), b: `"${'{'.repeat(200)}\\`, ['{"'.repeat(100)]: 1 };
  const decoded = decodeFrame(JSON.stringify(value));
  assert.deepEqual(decoded, { kind: 'frame', frame: value });
});

test('siblings are no levels', () => {
  const value = { a: Array.from({ length: 500 }, () => ({ b: [1] })) };
  assert.equal(decodeFrame(JSON.stringify(value)).kind, 'frame');
});

test('a member named __proto__ does not become the prototype', () => {
  const decoded = decodeFrame('{"__proto__":{"type":"hello"}}');
  assert.equal(decoded.kind, 'frame');
  if (decoded.kind === 'frame') assert.equal(decoded.frame['type'], undefined);
});
