import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Slots } from '../../../dashboards/console/src/components/slots.ts';

test('a row that stays in sight keeps its element, and no element is made while one is free', () => {
  const slots = new Slots();
  assert.deepEqual(slots.of(['a', 'b', 'c']), [0, 1, 2]);
  assert.deepEqual(slots.of(['b', 'c', 'd']), [1, 2, 0]);
  assert.deepEqual(slots.of(['c']), [2]);
  assert.deepEqual(slots.of(['c', 'x', 'y', 'z']), [2, 1, 0, 3]);
});

test('rows that are all others take the elements in the order in which these stand', () => {
  const slots = new Slots();
  slots.of(['a', 'b', 'c']);
  assert.deepEqual(slots.of(['c', 'd', 'e']), [2, 0, 1]);
  assert.deepEqual(slots.of(['x', 'y', 'z']), [2, 0, 1]);
});

test('no two rows have one element, and there are as many as rows were in sight at most', () => {
  const sights = fc.array(fc.uniqueArray(fc.nat(12).map(String), { maxLength: 8 }), { maxLength: 20 });
  fc.assert(
    fc.property(sights, (each) => {
      const slots = new Slots();
      const most = Math.max(0, ...each.map((keys) => keys.length));
      for (const keys of each) {
        const places = slots.of(keys);
        assert.equal(new Set(places).size, keys.length);
        assert.ok(places.every((place) => place < most));
      }
    }),
  );
});
