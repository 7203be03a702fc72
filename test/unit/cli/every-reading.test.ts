import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csv } from '../../../hub/cli/csv.ts';
import { everyReading } from '../../../hub/cli/every-reading.ts';

/** Times of readings in ms, at most two in one, so that a page is never full of one millisecond. */
const times = fc
  .uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 40 })
  .map((list) => list.toSorted((a, b) => a - b).map((half) => 1_000 + half / 2));

test('all readings of a range come once, in order, however they fall on pages', async () => {
  await fc.assert(
    fc.asyncProperty(times, fc.integer({ min: 3, max: 10 }), async (list, most) => {
      const page = (fromMs: number) => {
        const found = list.filter((timeMs) => timeMs >= fromMs).slice(0, most);
        return Promise.resolve(found.map((timeMs) => ({ timeMs, fields: {} })));
      };
      const all = await everyReading(page, 1_000, most);
      assert.deepEqual(
        all.map(({ timeMs }) => timeMs),
        list,
      );
    }),
  );
});

test('a cell with a comma, a quote or a line feed is quoted, and a formula is a text', () => {
  const rows = [
    ['1', 'say "no"'],
    ['-2.5', '=1+1'],
    [undefined, 'x\ny'],
  ];
  const lines = ['time,"a,b"', '1,"say ""no"""', "-2.5,'=1+1", ',"x\ny"', ''];
  assert.equal(csv(['time', 'a,b'], rows), lines.join('\n'));
});
