import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Backoff } from '../../../schemas/time/backoff.ts';
import { systemClock, wait } from '../../../schemas/time/clock.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('the waits double from the first to the longest and stay there, each uniform below its cap', () => {
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 0, max: 12 }),
      fraction,
      (firstMs, doublings, part) => {
        const maxMs = firstMs * 2 ** doublings;
        const waits = new Backoff({ firstMs, maxMs, random: () => part });
        for (let attempt = 0; attempt < 20; attempt++) {
          assert.equal(waits.next(), part * Math.min(maxMs, firstMs * 2 ** attempt));
        }
      },
    ),
  );
});

test('a wait resolves at its time on the clock it is given', async () => {
  const clock = new ManualClock();
  let over = false;
  const waiting = wait(clock, 1_000).then(() => (over = true));
  await clock.advanceAsync(999);
  assert.equal(over, false);
  await clock.advanceAsync(1);
  assert.equal(over, true);
  await waiting;
});

test('the system clock runs timers once or again and again, until they are cancelled', async () => {
  const order: string[] = [];
  const cancelled = systemClock.after(0, () => order.push('cancelled'));
  cancelled();
  cancelled();
  await new Promise<void>((resolve) => {
    const stop = systemClock.every(1, () => {
      order.push('every');
      if (order.length < 3) return;
      stop();
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    systemClock.after(1, resolve);
  });
  assert.deepEqual(order, ['every', 'every', 'every']);
});

test('the system clock tells Unix time, and a monotonic time that does not run backwards', () => {
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 1_000);
  let before = systemClock.monotonic();
  for (let reading = 0; reading < 1_000; reading++) {
    const now = systemClock.monotonic();
    assert.ok(now >= before);
    before = now;
  }
});
