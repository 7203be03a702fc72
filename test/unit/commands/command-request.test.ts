import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newCommandId } from '../../../hub/commands/command-id.ts';
import { parsePayload } from '../../../hub/commands/command-request.ts';
import { DueQueue } from '../../../hub/commands/due-queue.ts';
import { isName } from '../../../hub/bus/topics.ts';

const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** A payload that is read, with what is not in it left undefined. */
const read = (given: { id?: string; params?: object; ttlMs?: number }) => ({
  kind: 'ok',
  id: undefined,
  params: {},
  ttlMs: undefined,
  pace: {},
  ...given,
});

test('an empty payload asks for the command without params', () => {
  assert.deepEqual(parsePayload(Buffer.alloc(0)), read({}));
});

test('id, params and time to live are taken from the payload', () => {
  const parsed = parsePayload(bytes({ id: 'c-1', params: { seconds: 10 }, ttlMs: 5_000 }));
  assert.deepEqual(parsed, read({ id: 'c-1', params: { seconds: 10 }, ttlMs: 5_000 }));
});

test('the idempotency key stands for the id, and must not contradict it', () => {
  assert.deepEqual(parsePayload(bytes({}), 'key-1'), read({ id: 'key-1' }));
  assert.deepEqual(parsePayload(bytes({ id: 'key-1' }), 'key-1'), read({ id: 'key-1' }));
  const clash = parsePayload(bytes({ id: 'c-1' }), 'key-1');
  assert.ok(clash.kind === 'refused');
  assert.equal(clash.refusal.errors?.[0]?.path, '/id');
});

test('a bad payload is refused with the field and the rule', () => {
  const cases: [string, string, string][] = [
    ['{"ttlMs":0}', '/ttlMs', 'minimum'],
    ['{"ttlMs":"5"}', '/ttlMs', 'type'],
    ['{"param":{}}', '/param', 'additionalProperties'],
    ['{"params":[]}', '/params', 'type'],
    ['{"id":"a b"}', '/id', 'pattern'],
    ['[1]', '', 'type'],
    ['nonsense', '', 'format'],
    [`{"params":{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`, '', 'format'],
  ];
  for (const [text, path, keyword] of cases) {
    const parsed = parsePayload(bytes(text));
    assert.ok(parsed.kind === 'refused', text);
    assert.equal(parsed.refusal.reason, 'bad-payload');
    assert.deepEqual(
      [parsed.refusal.errors?.[0]?.path, parsed.refusal.errors?.[0]?.keyword],
      [path, keyword],
      text,
    );
  }
  const twice: [string, string][] = [
    ['{"params":{"percent":10,"percent":90}}', '/params/percent'],
    ['{"params":{"steps":[{"a":1},{"a":1,"\\u0061":2}]}}', '/params/steps/1/a'],
    ['{"ttlMs":1000,"ttlMs":9000}', '/ttlMs'],
  ];
  for (const [text, path] of twice) {
    const parsed = parsePayload(bytes(text));
    assert.ok(parsed.kind === 'refused', text);
    assert.deepEqual(parsed.refusal.errors, [
      { path, keyword: 'name', expected: 'given once', got: 'given twice' },
    ]);
  }
  const half = parsePayload(bytes('{"id":"c-1","params":{"text":"a\\ud800"}}'));
  assert.ok(half.kind === 'refused');
  assert.deepEqual([half.id, half.refusal.errors?.[0]?.path], ['c-1', '/params/text']);
  // Which of two ids the caller means cannot be known: the answer goes out under neither.
  const twoIds = parsePayload(bytes('{"id":"c-1","id":"c-2"}'));
  assert.deepEqual([twoIds.kind, twoIds.id], ['refused', undefined]);
  const binary = parsePayload(Uint8Array.of(0x7b, 0xff, 0x7d));
  assert.ok(binary.kind === 'refused');
  assert.equal(binary.refusal.errors?.[0]?.got, 'not UTF-8');
});

test('a byte order mark is taken, and what cannot be seen around a payload is named', () => {
  assert.deepEqual(parsePayload(bytes('\ufeff{"id":"c-1"}')), read({ id: 'c-1' }));
  const trailing = parsePayload(bytes('{"id":"c-1"}\0'));
  assert.ok(trailing.kind === 'refused');
  assert.deepEqual(trailing.refusal.errors?.[0]?.got, 'followed by U+0000');
});

test('a payload too large for a device frame is refused before it is read', () => {
  const parsed = parsePayload(bytes({ params: { text: 'x'.repeat(60_000) } }));
  assert.ok(parsed.kind === 'refused');
  assert.equal(parsed.refusal.reason, 'too-large');
});

test('no payload makes the reader throw', () => {
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => void parsePayload(bytes(text))));
  assert.equal(parsePayload(bytes(`{"params":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)).kind, 'refused');
});

test('made ids obey the grammar, sort by time and do not meet', () => {
  const ids = Array.from({ length: 1_000 }, (_, at) => newCommandId(1_767_225_600_000 + at, Math.random));
  assert.ok(ids.every(isName));
  assert.deepEqual(ids.toSorted(), ids);
  const sameMs = new Set(Array.from({ length: 10_000 }, () => newCommandId(1, Math.random)));
  assert.equal(sameMs.size, 10_000);
});

test('the due queue gives each item at its present due time, whatever it was before', () => {
  const item = fc.record({
    first: fc.integer({ min: 0, max: 100 }),
    second: fc.integer({ min: 0, max: 200 }),
  });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 60 }), (items) => {
      const due = new Map(items.map((each) => [each, each.first]));
      const queue = new DueQueue<(typeof items)[number]>(
        (each) => due.get(each) ?? Infinity,
        () => items,
      );
      for (const each of items) queue.push(each);
      for (const each of items) {
        due.set(each, each.second);
        queue.push(each);
      }
      const seen = new Set<object>();
      for (let nowMs = 0; nowMs <= 200; nowMs++) {
        for (const each of queue.takeDue(nowMs)) {
          assert.ok(each.second <= nowMs);
          due.set(each, Infinity);
          seen.add(each);
        }
        assert.ok(
          items.every((each) => each.second > nowMs || seen.has(each)),
          'nothing due is left behind',
        );
      }
      assert.equal(queue.nextMs(), undefined);
    }),
  );
});
