import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from '../../../hub/kernel/token-bucket.ts';
import { ManualClock } from '../../helpers/clock.ts';

function takeAll(bucket: TokenBucket): number {
  let taken = 0;
  while (bucket.take()) taken += 1;
  return taken;
}

test('in no window does more go through than the rate and twice its second at once', () => {
  const pauses = fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 300 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), pauses, (perSec, run) => {
      const clock = new ManualClock();
      const bucket = new TokenBucket(clock, perSec);
      const takenAt: number[] = [];
      for (const [pauseMs, wanted] of run) {
        clock.advance(pauseMs);
        for (let n = 0; n < wanted && bucket.take(); n++) takenAt.push(clock.monotonic());
      }
      for (let first = 0; first < takenAt.length; first++) {
        const last = takenAt.length - 1;
        const windowSec = ((takenAt[last] ?? 0) - (takenAt[first] ?? 0)) / 1_000;
        assert.ok(last - first + 1 <= perSec * (2 + windowSec) + 1e-6);
      }
    }),
  );
});

test('a device that keeps to the rate is never refused', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(clock, 100);
  for (let n = 0; n < 5_000; n++) {
    clock.advance(10);
    assert.ok(bucket.take());
  }
});

test('a flood gets the rate and no more, and a refusal takes nothing', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(clock, 50);
  let taken = takeAll(bucket);
  for (let second = 0; second < 10; second++) {
    clock.advance(1_000);
    taken += takeAll(bucket);
    for (let n = 0; n < 1_000; n++) assert.equal(bucket.take(), false);
  }
  assert.equal(taken, 50 * 11);
});

test('after a long silence twice the rate goes at once, not more', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(clock, 50);
  clock.advance(3_600_000);
  assert.equal(takeAll(bucket), 100);
});

test('less than one a second is still one now and then', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(clock, 0.5);
  takeAll(bucket);
  clock.advance(1_000);
  assert.equal(bucket.take(), false);
  clock.advance(1_000);
  assert.equal(bucket.take(), true);
});
