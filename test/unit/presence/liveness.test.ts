import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startLiveness } from '../../../hub/presence/liveness.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { ManualClock } from '../../helpers/clock.ts';

function immediately(run: () => void): void {
  run();
}

/** As a real event loop: each tick comes late by what `latenessMs` says, and the next is counted from there. */
class LateClock extends ManualClock implements Clock {
  latenessMs: () => number = () => 0;

  override every(ms: number, run: () => void): () => void {
    let cancel = (): void => {};
    const next = (): void => {
      cancel = this.after(ms + this.latenessMs(), () => {
        next();
        run();
      });
    };
    next();
    return () => cancel();
  }
}

/** Gaps between the frames of a device, ms; every one shorter than `allowedMs`. */
const gaps = (allowedMs: number) =>
  fc.array(fc.double({ min: 0, max: allowedMs - 0.001, noNaN: true }), { maxLength: 30 });

test('silence is found at the deadline, never early and at most 160 ms late, whenever the frames came', () => {
  const timing = fc
    .integer({ min: 100, max: 60_000 })
    .chain((allowedMs) =>
      fc.tuple(fc.constant(allowedMs), gaps(allowedMs), fc.double({ min: 0, max: 200, noNaN: true })),
    );
  fc.assert(
    fc.property(timing, ([allowedMs, frameGaps, startMs]) => {
      const clock = new ManualClock();
      const liveness = startLiveness({ clock, afterPoll: immediately });
      clock.advance(startMs);
      let expiredAt: number | undefined;
      let lastFrameAt = clock.monotonic();
      const watch = liveness.watch({ allowedMs, expired: () => (expiredAt = clock.monotonic()) });
      for (const gapMs of frameGaps) {
        clock.advance(gapMs);
        assert.equal(expiredAt, undefined, 'called silent between two frames that were in time');
        watch.heardAt = liveness.now;
        lastFrameAt = clock.monotonic();
      }
      clock.advance(allowedMs + 400);
      const silentMs = (expiredAt ?? Infinity) - lastFrameAt;
      assert.ok(silentMs >= allowedMs && silentMs <= allowedMs + 160, `${silentMs} of ${allowedMs} ms`);
      assert.equal(watch.expired, true);
      liveness.close();
    }),
    { numRuns: 60 },
  );
});

test('ticks that always come a little late neither slow liveness down nor make it hasty', () => {
  const late = fc.tuple(
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.double({ min: 0, max: 20, noNaN: true }),
    gaps(45_000),
  );
  fc.assert(
    fc.property(late, ([seed, mostMs, frameGaps]) => {
      const clock = new LateClock();
      let state = seed;
      clock.latenessMs = () => {
        state = (state * 48_271) % 2_147_483_647;
        return (state / 2_147_483_647) * mostMs;
      };
      const liveness = startLiveness({ clock, afterPoll: immediately });
      let expiredAt: number | undefined;
      let lastFrameAt = 0;
      const watch = liveness.watch({ allowedMs: 45_000, expired: () => (expiredAt = clock.monotonic()) });
      for (const gapMs of frameGaps) {
        clock.advance(gapMs);
        assert.equal(expiredAt, undefined);
        watch.heardAt = liveness.now;
        lastFrameAt = clock.monotonic();
      }
      clock.advance(47_000);
      const silentMs = (expiredAt ?? Infinity) - lastFrameAt;
      assert.ok(silentMs >= 45_000 && silentMs <= 45_250, `flagged after ${silentMs} ms`);
      assert.equal(liveness.stalledMs, 0);
      liveness.close();
    }),
    { numRuns: 30 },
  );
});

test('a loop that was blocked for 5 s lets nobody expire, and says how long it stood still', () => {
  const clock = new LateClock();
  const liveness = startLiveness({ clock, afterPoll: immediately });
  const expired: number[] = [];
  const watches = Array.from({ length: 500 }, (_, index) =>
    liveness.watch({ allowedMs: 1_500 + index, expired: () => expired.push(index) }),
  );
  for (let second = 0; second < 20; second++) {
    // Each device speaks once a second; the loop is blocked now and then, and reads after it.
    clock.latenessMs = () => (second % 5 === 4 ? 5_000 : 0);
    clock.advance(1_000);
    clock.latenessMs = () => 0;
    if (second % 5 === 4) clock.advance(5_000);
    for (const watch of watches) watch.heardAt = liveness.now;
  }
  assert.deepEqual(expired, []);
  assert.ok(liveness.stalledMs > 4 * 4_900 && liveness.stalledMs < 4 * 5_000, `${liveness.stalledMs} ms`);
  clock.advance(1_500 + 500 + 100);
  assert.equal(expired.length, 500, 'true silence is found all the same');
  liveness.close();
});

test('many blocks in a row count as silence only as far as the loop ran', () => {
  const clock = new LateClock();
  const liveness = startLiveness({ clock, afterPoll: immediately });
  let expired = false;
  liveness.watch({ allowedMs: 1_500, expired: () => (expired = true) });
  clock.latenessMs = () => 1_000;
  clock.advance(10_000);
  assert.equal(expired, false);
  liveness.close();
});

test('a frame read while the deadline is confirmed keeps the watch, also in the second poll', () => {
  for (const readInPoll of [1, 2]) {
    const clock = new ManualClock();
    const polls: (() => void)[] = [];
    const liveness = startLiveness({ clock, afterPoll: (run) => polls.push(run) });
    const expiredAt: number[] = [];
    const watch = liveness.watch({ allowedMs: 1_000, expired: () => expiredAt.push(clock.monotonic()) });
    clock.advance(1_100);
    assert.deepEqual(expiredAt, [], 'nothing is judged before the polls');
    for (let poll = 1; polls.length > 0; poll++) {
      if (poll === readInPoll) watch.heardAt = liveness.now;
      polls.shift()?.();
    }
    assert.deepEqual(expiredAt, []);
    clock.advance(1_200);
    while (polls.length > 0) polls.shift()?.();
    assert.equal(expiredAt.length, 1);
    liveness.close();
  }
});

test('quiet is called once for a silence, before expired, and again for the next silence', () => {
  const clock = new ManualClock();
  const liveness = startLiveness({ clock, afterPoll: immediately });
  const calls: string[] = [];
  const watch = liveness.watch({
    quietMs: 1_000,
    quiet: () => calls.push(`quiet ${clock.monotonic()}`),
    allowedMs: 1_500,
    expired: () => calls.push(`expired ${clock.monotonic()}`),
  });
  clock.advance(1_200);
  watch.heardAt = liveness.now;
  clock.advance(5_000);
  assert.deepEqual(calls, ['quiet 1100', 'quiet 2300', 'expired 2800']);
  liveness.close();
});

test('a watch that is ended is never called, also while it is being confirmed or told to be quiet', () => {
  const clock = new ManualClock();
  const polls: (() => void)[] = [];
  const liveness = startLiveness({ clock, afterPoll: (run) => polls.push(run) });
  const calls: string[] = [];
  const before = liveness.watch({ allowedMs: 500, expired: () => calls.push('before') });
  liveness.unwatch(before);
  const during = liveness.watch({ allowedMs: 500, expired: () => calls.push('during') });
  const quiet = liveness.watch({
    quietMs: 500,
    quiet: () => liveness.unwatch(quiet),
    allowedMs: 600,
    expired: () => calls.push('after quiet'),
  });
  clock.advance(600);
  liveness.unwatch(during);
  for (let turn = 0; turn < 10; turn++) {
    while (polls.length > 0) polls.shift()?.();
    clock.advance(500);
  }
  assert.deepEqual(calls, []);
  liveness.unwatch(quiet);
  liveness.close();
});

test('silences longer than the wheel is round are found in time', () => {
  const clock = new ManualClock();
  const liveness = startLiveness({ clock, afterPoll: immediately, slots: 16 });
  const at: number[] = [];
  liveness.watch({ allowedMs: 86_400, expired: () => at.push(clock.monotonic()) });
  liveness.watch({ allowedMs: 10 * 16, expired: () => at.push(clock.monotonic()) });
  clock.advance(100_000);
  assert.deepEqual(at, [300, 86_500]);
  liveness.close();
});

test('closing leaves no timer, and nothing is judged afterwards', () => {
  const clock = new ManualClock();
  const polls: (() => void)[] = [];
  const liveness = startLiveness({ clock, afterPoll: (run) => polls.push(run) });
  let called = false;
  liveness.watch({ allowedMs: 500, expired: () => (called = true) });
  clock.advance(600);
  liveness.close();
  while (polls.length > 0) polls.shift()?.();
  assert.equal(called, false);
  assert.equal(clock.pending, 0);
});
