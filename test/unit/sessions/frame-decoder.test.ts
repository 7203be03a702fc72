import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDeviceFrame } from '../../../hub/sessions/frames/frame-decoder.ts';

const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

test('a JSON object of no known type is kept, as JSON.parse reads it', () => {
  const shallow = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }));
  fc.assert(
    fc.property(shallow, (value) => {
      const text = JSON.stringify(value);
      const decoded = parseDeviceFrame(text);
      assert.deepEqual(decoded, { kind: 'unknown-type', frame: JSON.parse(text) });
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
      const decoded = parseDeviceFrame(text);
      if (decoded.kind !== 'undecodable') return;
      const { error } = decoded;
      assert.ok(error.got.length <= 64 && error.keyword !== '' && error.in === 'frame');
    }),
  );
});

test('what is JSON and no object is told what was expected', () => {
  for (const text of ['null', '1', '"text"', '[]', '[{"type":"hello"}]', 'true']) {
    const decoded = parseDeviceFrame(text);
    assert.deepEqual(decoded, {
      kind: 'undecodable',
      error: { path: '', keyword: 'type', expected: 'a JSON object', got: text, in: 'frame' },
    });
  }
});

test('64 levels are read, 65 are refused before parsing', () => {
  assert.equal(parseDeviceFrame(nested(64)).kind, 'unknown-type');
  const tooDeep = parseDeviceFrame(nested(65));
  assert.equal(tooDeep.kind === 'undecodable' && tooDeep.error.keyword, 'depth');
  const arrays = parseDeviceFrame(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`);
  assert.equal(arrays.kind === 'undecodable' && arrays.error.keyword, 'depth');
});

test('30,000 levels cost an answer, not the stack', () => {
  const decoded = parseDeviceFrame('['.repeat(30_000));
  assert.equal(decoded.kind === 'undecodable' && decoded.error.keyword, 'depth');
});

test('brackets within strings are no levels, also behind escaped quotes', () => {
  const value = { a: '['.repeat(200), b: `"${'{'.repeat(200)}\\`, ['{"'.repeat(100)]: 1 };
  const decoded = parseDeviceFrame(JSON.stringify(value));
  assert.deepEqual(decoded, { kind: 'unknown-type', frame: value });
});

test('siblings are no levels', () => {
  const value = { a: Array.from({ length: 500 }, () => ({ b: [1] })) };
  assert.equal(parseDeviceFrame(JSON.stringify(value)).kind, 'unknown-type');
});

test('a member named __proto__ does not become the prototype', () => {
  const decoded = parseDeviceFrame('{"__proto__":{"type":"hello"}}');
  assert.equal(decoded.kind, 'unknown-type');
  if (decoded.kind === 'unknown-type') assert.equal(decoded.frame.type, undefined);
});

test('a frame that its schema takes comes with its type, one that it refuses with field and rule', () => {
  const good = { type: 'telemetry', seq: 1, stream: 'env', ts: 1, data: { t: 1 } };
  assert.deepEqual(parseDeviceFrame(JSON.stringify(good)), { kind: 'frame', frame: good, spoilt: undefined });
  const bad = { ...good, seq: 0 };
  assert.deepEqual(parseDeviceFrame(JSON.stringify(bad)), {
    kind: 'invalid',
    type: 'telemetry',
    frame: bad,
    fault: { path: '/seq', keyword: 'minimum', expected: '>= 1', got: '0', in: 'frame' },
  });
  const inherited = parseDeviceFrame('{"type":"toString"}');
  assert.equal(inherited.kind, 'unknown-type');
});

test('a name that stands twice spoils one sample, or the whole frame', () => {
  const twice = { keyword: 'name', expected: 'given once', got: 'given twice' };
  const samples = '"samples":[{"ts":1,"data":{"t":1,"t":2}},{"ts":2,"data":{"t":1}}]';
  const one = parseDeviceFrame(`{"type":"telemetry","seq":1,"stream":"env",${samples}}`);
  assert.deepEqual(one.kind === 'frame' && one.spoilt, new Map([[0, { path: '/t', ...twice }]]));
  const whole = parseDeviceFrame('{"type":"received","re":"a","re":"b"}');
  assert.deepEqual(whole.kind === 'invalid' && whole.fault, { path: '/re', ...twice, in: 'frame' });
});

test('of a result at fault, how the command ended stands, unless just that is in doubt', () => {
  const result = (more: string) => parseDeviceFrame(`{"type":"result","re":"c-1","status":"failed"${more}}`);
  const ending = (more: string) => {
    const parsed = result(more);
    return parsed.kind === 'invalid' ? parsed.ending : parsed.kind;
  };
  const failed = { type: 'result', re: 'c-1', status: 'failed' };
  assert.deepEqual(ending(`,"error":"${'x'.repeat(1_025)}"`), failed);
  assert.deepEqual(ending(',"error":null'), failed);
  assert.deepEqual(ending(',"error":{"code":5},"output":{"a":1}'), { ...failed, output: { a: 1 } });
  assert.deepEqual(ending(',"error":"cut \\ud83d","output":{"a":1}'), { ...failed, output: { a: 1 } });
  assert.deepEqual(ending(',"error":"stuck","output":{"a":1,"a":2}'), { ...failed, error: 'stuck' });
  assert.deepEqual(ending(',"error":"stuck","output":{"a":1e400}'), { ...failed, error: 'stuck' });
  assert.deepEqual(ending(',"error":"stuck","more":"\\ud83d"'), { ...failed, error: 'stuck' });
  assert.deepEqual(ending(',"__proto__":{"error":5},"error":null'), failed);
  for (const doubtful of [
    ',"status":"succeeded"',
    ',"re":"c-2"',
    ',"more":{"a":1,"a":2},"status":"succeeded"',
  ])
    assert.equal(ending(doubtful), undefined, doubtful);
  const noStatus = parseDeviceFrame('{"type":"result","re":"c-1","status":"ok","error":null}');
  assert.ok(noStatus.kind === 'invalid' && noStatus.ending === undefined);
  const bye = parseDeviceFrame('{"type":"bye","sleepSec":-1}');
  assert.ok(bye.kind === 'invalid' && bye.ending === undefined);
});
