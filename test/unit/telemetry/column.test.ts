import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeChunk,
  encodeChunk,
  pointsOf,
  type Point,
} from '../../../hub/adapters/sqlite/metrics/chunk.ts';
import { decodeColumn, encodeColumn, type Cell } from '../../../hub/adapters/sqlite/metrics/column.ts';

const decimals = fc
  .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 0, max: 7 }))
  .map(([units, exponent]) => units / 10 ** exponent);
/** As a store is given them: finite, and no negative zero, which JSON does not know. */
const numbers = fc
  .oneof(decimals, fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((value) => value + 0);
const values = fc.oneof(numbers, fc.boolean(), fc.string({ unit: 'binary' }));

test('a column gives back every cell bit for bit, whatever kinds are in it and wherever one is missing', () => {
  const columns = fc.oneof(
    fc.array(fc.option(decimals, { nil: undefined, freq: 10 })),
    fc.array(fc.option(numbers, { nil: undefined })),
    fc.array(fc.option(fc.boolean(), { nil: undefined })),
    fc.array(fc.option(values, { nil: undefined })),
  );
  fc.assert(
    fc.property(columns, (cells: Cell[]) => {
      assert.deepEqual(Array.from(decodeColumn(encodeColumn(cells), cells.length)), cells);
    }),
    { numRuns: 1_000 },
  );
});

test('a chunk gives back its points, with fields of any name', () => {
  const name = fc.oneof(
    fc.constantFrom('constructor', '__proto__', 'toString', ''),
    fc.string({ unit: 'binary', minLength: 1 }),
  );
  const fields = fc.array(fc.tuple(name, values), { minLength: 1, maxLength: 5 });
  const points = fc.uniqueArray(fc.tuple(fc.maxSafeInteger(), fields), { selector: ([timeUs]) => timeUs });
  fc.assert(
    fc.property(points, (drawn) => {
      const chunk: Point[] = drawn
        .toSorted(([a], [b]) => a - b)
        .map(([timeUs, own]) => ({ timeUs, fields: withoutPrototype(own) }));
      assert.deepEqual(pointsOf(decodeChunk(encodeChunk(chunk))), chunk);
    }),
  );
});

function withoutPrototype(
  entries: readonly (readonly [string, string | number | boolean])[],
): Point['fields'] {
  const fields = Object.create(null) as Record<string, string | number | boolean>;
  for (const [key, value] of entries) fields[key] = value;
  return fields;
}

test('readings of a sensor with two decimals, one a second, take a few bytes each', () => {
  // The walk of a sensor: a little up, a little down (a linear congruential generator, so that it is the same each time).
  let state = 1;
  const step = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return (state % 11) - 5;
  };
  let [temperature, humidity] = [2_150, 4_500];
  const points = Array.from({ length: 4_096 }, (_, second): Point => {
    temperature += step();
    humidity += step();
    return {
      timeUs: (1_700_000_000_000 + second * 1_000 + step()) * 1_000,
      fields: { temperature: temperature / 100, humidity: humidity / 100, battery: 3.71, rssi: -61 + step() },
    };
  });
  assert.ok(encodeChunk(points).length < 8 * points.length);
});
