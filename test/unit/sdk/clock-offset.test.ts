import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ClockOffset } from '../../../sdk/typescript/src/core/clock-offset.ts';

test('the hub time is unknown before the first exchange of a session', () => {
  const offset = new ClockOffset();
  assert.equal(offset.hubTime(5), undefined);
  offset.add(0, 1000);
  assert.equal(offset.hubTime(5), 1005);
  offset.reset();
  assert.equal(offset.hubTime(5), undefined);
});

test('whatever the delays, the reckoned hub time is never behind the true one', () => {
  const delays = fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000, max: 2_000_000_000_000 }), delays, (trueOffset, waysThere) => {
      const offset = new ClockOffset();
      let uptime = 0;
      for (const delay of waysThere) {
        offset.add(uptime, uptime + delay + trueOffset);
        uptime += 30_000;
      }
      const ahead = (offset.hubTime(uptime) ?? Number.NaN) - (uptime + trueOffset);
      const best = Math.min(...waysThere.slice(-8));
      // A thousandth: doubles of this size carry no more.
      assert.ok(ahead >= -0.001 && Math.abs(ahead - best) < 0.01);
    }),
  );
});

test('only the last eight exchanges count', () => {
  const offset = new ClockOffset();
  offset.add(0, 100);
  for (let exchange = 1; exchange <= 8; exchange += 1) offset.add(0, 500);
  assert.equal(offset.hubTime(0), 500);
});

test('times that are no numbers are left out', () => {
  const offset = new ClockOffset();
  offset.add(Number.NaN, 100);
  offset.add(0, Infinity);
  assert.equal(offset.hubTime(0), undefined);
});
