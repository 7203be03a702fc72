import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteRange } from '../../../hub/adapters/websocket/byte-range.ts';

const part = (first: number, last: number) => ({ kind: 'bytes', first, last, part: true });
const whole = { kind: 'bytes', first: 0, last: 99, part: false };

test('a range names the first and last byte, from the beginning or the end', () => {
  assert.deepEqual(byteRange('bytes=0-9', 100), part(0, 9));
  assert.deepEqual(byteRange('bytes=90-', 100), part(90, 99));
  assert.deepEqual(byteRange('bytes=-10', 100), part(90, 99));
  assert.deepEqual(byteRange('bytes=-1000', 100), part(0, 99));
  assert.deepEqual(byteRange('bytes=50-1000', 100), part(50, 99));
});

test('a range beyond the end cannot be satisfied; what is no range asks for the whole file', () => {
  for (const beyond of ['bytes=100-', 'bytes=100-200', 'bytes=-0'])
    assert.deepEqual(byteRange(beyond, 100), { kind: 'unsatisfiable' }, beyond);
  for (const none of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=9-3',
    'bytes=0-1,4-5',
    'lines=1-2',
    'bytes=a-b',
  ])
    assert.deepEqual(byteRange(none, 100), whole, none ?? 'absent');
});

test('a part is never beyond the file', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(1_000),
      fc.nat(1_000),
      fc.integer({ min: 1, max: 500 }),
      (noise, a, b, size) => {
        for (const header of [noise, `bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`]) {
          const range = byteRange(header, size);
          if (range.kind === 'bytes')
            assert.ok(range.first >= 0 && range.first <= range.last && range.last < size);
        }
      },
    ),
  );
});
