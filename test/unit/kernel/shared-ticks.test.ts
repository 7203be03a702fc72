import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareTicks } from '../../../hub/kernel/shared-ticks.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('work of one period runs together, within one period of its start', () => {
  const manual = new ManualClock();
  const started: number[] = [];
  const clock = shareTicks({
    now: () => manual.now(),
    monotonic: () => manual.monotonic(),
    after: (ms, run) => manual.after(ms, run),
    every(ms, run) {
      started.push(ms);
      return manual.every(ms, run);
    },
  });
  const runs: string[] = [];
  clock.every(1_000, () => runs.push(`a ${manual.monotonic()}`));
  manual.advance(400);
  clock.every(1_000, () => runs.push(`b ${manual.monotonic()}`));
  const began = manual.monotonic() - 400;
  manual.advance(1_600);
  assert.deepEqual(
    runs,
    [1_000, 2_000].flatMap((ms) => [`a ${began + ms}`, `b ${began + ms}`]),
  );
  assert.deepEqual(started, [1_000]);
});

test('work that is cancelled, even by work of the same tick, does not run again, and the last one stops the timer', () => {
  const manual = new ManualClock();
  const clock = shareTicks(manual);
  const runs: string[] = [];
  const cancelFirst = clock.every(100, () => {
    runs.push('first');
    cancelSecond();
  });
  const cancelSecond = clock.every(100, () => runs.push('second'));
  manual.advance(200);
  assert.deepEqual(runs, ['first', 'first']);
  cancelFirst();
  cancelFirst();
  manual.advance(200);
  assert.equal(runs.length, 2);
  clock.every(100, () => runs.push('later'));
  manual.advance(100);
  assert.deepEqual(runs, ['first', 'first', 'later']);
});
