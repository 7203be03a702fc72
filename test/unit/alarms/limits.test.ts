import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FieldSpec, StreamType } from '../../../schemas/index.ts';
import { judge, limitsOf, type FieldLimit, type LimitState } from '../../../hub/alarms/limits.ts';

function limitOf(field: Partial<FieldSpec>): FieldLimit {
  const fields: FieldSpec[] = [
    { name: 'tag', kind: 'string', tag: true },
    { name: 't', kind: 'float', tag: false, ...field },
  ];
  const stream: StreamType = { name: 'env', measurement: 'm', check: () => undefined, nullable: [], fields };
  const [limit] = limitsOf(stream);
  assert.ok(limit);
  return limit;
}

/** In alarm after each of the values, a second apart. */
function sides(limit: FieldLimit, values: readonly number[]): (string | undefined)[] {
  let state: LimitState | undefined;
  return values.map((value, at) => {
    state = judge(limit, state, value, at * 1_000);
    return state?.isAlarm === true ? state.side : undefined;
  });
}

test('a stream without limits has nothing to compare', () => {
  const stream: StreamType = {
    name: 'env',
    measurement: 'm',
    check: () => undefined,
    nullable: [],
    fields: [],
  };
  assert.deepEqual(limitsOf(stream), []);
});

test('an alarm is over when the value is back by the hysteresis: 2 % of the distance unless the type says otherwise', () => {
  assert.deepEqual(sides(limitOf({ low: 0, high: 100 }), [100, 101, 99, 98, 97]), [
    undefined,
    'high',
    'high',
    undefined,
    undefined,
  ]);
  assert.deepEqual(sides(limitOf({ high: 100, hysteresis: 10 }), [101, 95, 90]), ['high', 'high', undefined]);
  assert.deepEqual(sides(limitOf({ low: 0 }), [-1, 0]), ['low', undefined]);
});

test('a value must be beyond for the delay, without a break, and is not beyond the other limit by that', () => {
  const limit = limitOf({ low: 0, high: 100, delaySec: 2 });
  assert.deepEqual(sides(limit, [101, 101, 101]), [undefined, undefined, 'high']);
  assert.deepEqual(sides(limit, [101, 101, 50, 101, 101]), Array(5).fill(undefined));
  assert.deepEqual(sides(limit, [101, 101, -1, -1, -1]), [undefined, undefined, undefined, undefined, 'low']);
});

test('whatever the values, an alarm is never on within the limits by the hysteresis, and always on after the delay', () => {
  const fields = fc.record({
    low: fc.option(fc.integer({ min: -20, max: -5 }), { nil: undefined }),
    high: fc.integer({ min: 5, max: 20 }),
    hysteresis: fc.integer({ min: 0, max: 3 }),
    delaySec: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(fields, fc.array(fc.integer({ min: -30, max: 30 }), { maxLength: 60 }), (given, values) => {
      const { low, high, hysteresis, delaySec } = given;
      const limit = limitOf({ high, hysteresis, delaySec, ...(low === undefined ? {} : { low }) });
      let beyond = 0;
      let before: number | undefined;
      for (const [at, side] of sides(limit, values).entries()) {
        const value = values[at] ?? 0;
        const isBeyond = value > high || value < (low ?? -Infinity);
        const sameSide = before !== undefined && Math.sign(before) === Math.sign(value);
        beyond = isBeyond ? (sameSide ? beyond + 1 : 1) : 0;
        before = value;
        if (beyond > delaySec) assert.ok(side !== undefined, `on at ${at}`);
        if (value <= high - hysteresis && value >= (low ?? -Infinity) + hysteresis)
          assert.equal(side, undefined);
        if (side === 'high') assert.ok(value > high - hysteresis);
        if (side === 'low') assert.ok(low !== undefined && value < low + hysteresis);
      }
    }),
    { numRuns: 2_000 },
  );
});
