import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AckSchedule, type AckOwner } from '../../../hub/sessions/ack-schedule.ts';
import { ManualClock } from '../../helpers/clock.ts';

/** One that has just been acked, whenever that is asked. */
function owner(flushAck: () => void): AckOwner {
  return { ackScheduled: false, ackedAtMs: Infinity, flushAck };
}

test('every owner is flushed within the delay and hardly before it', () => {
  const waits = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(waits, fc.constantFrom(1, 40, 100, 500), (gaps, delayMs) => {
      const clock = new ManualClock();
      const acks = new AckSchedule(clock, delayMs);
      const flushes: number[] = [];
      const added: number[] = [];
      for (const [index, gapMs] of gaps.entries()) {
        clock.advance(gapMs);
        added.push(clock.monotonic());
        acks.add(owner(() => (flushes[index] = clock.monotonic())));
      }
      clock.advance(delayMs);
      for (const [index, addedAt] of added.entries()) {
        const waitedMs = (flushes[index] ?? Infinity) - addedAt;
        assert.ok(waitedMs <= delayMs && waitedMs >= delayMs * 0.95, `waited ${waitedMs} of ${delayMs} ms`);
      }
      assert.equal(clock.pending, 0);
    }),
  );
});

test('a device that sends more seldom than the delay is acked each time, without the delay', () => {
  const clock = new ManualClock();
  const acks = new AckSchedule(clock, 500);
  const at: number[] = [];
  const seldom: AckOwner = { ...owner(() => at.push(clock.monotonic())), ackedAtMs: 0 };
  for (let reading = 0; reading < 3; reading += 1) {
    clock.advance(1_200);
    acks.add(seldom);
  }
  clock.advance(1);
  assert.deepEqual(at, [1_201, 2_401, 3_601]);
  // One that begins to send often waits from then on.
  clock.advance(100);
  acks.add(seldom);
  clock.advance(1_000);
  assert.deepEqual(at, [1_201, 2_401, 3_601, 4_201]);
  assert.equal(clock.pending, 0);
});

test('an ack leaves behind the last batch that comes before its time is up, and says as much as later', async () => {
  const clock = new ManualClock();
  const acks = new AckSchedule(clock, 500);
  const at: number[] = [];
  const first = owner(() => at.push(clock.monotonic()));
  for (let batch = 1; batch <= 8; batch += 1) {
    clock.advance(80);
    // A frame of this device in each batch; one of the others, which have been acked, in any case.
    acks.add(first);
    acks.add(owner(() => undefined));
    await Promise.resolve();
  }
  // Settled at 80, due at 580: the batch at 560 is the last before that.
  assert.deepEqual(at, [560]);
});

test('where no batch comes any more, the ack does not wait for one', async () => {
  const clock = new ManualClock();
  const acks = new AckSchedule(clock, 500);
  const at: number[] = [];
  for (const [waitMs, frames] of [
    [80, 1],
    [80, 0],
    [700, 2],
  ] as const) {
    clock.advance(waitMs);
    for (let frame = 0; frame < frames; frame += 1) acks.add(owner(() => at.push(clock.monotonic())));
    await Promise.resolve();
  }
  assert.deepEqual(at, [580, 860, 860]);
});

test('an owner that is scheduled already is not scheduled twice', () => {
  const clock = new ManualClock();
  const acks = new AckSchedule(clock, 500);
  let flushes = 0;
  const one = owner(() => (flushes += 1));
  acks.add(one);
  acks.add(one);
  acks.postpone(one);
  clock.advance(2_000);
  assert.equal(flushes, 1);
  assert.equal(one.ackScheduled, false);
});

test('without a delay the ack goes at once', () => {
  const clock = new ManualClock();
  let flushes = 0;
  new AckSchedule(clock, 0).add(owner(() => (flushes += 1)));
  assert.equal(flushes, 1);
  assert.equal(clock.pending, 0);
});

test('a congested device that is postponed delays no other ack', () => {
  const clock = new ManualClock();
  const acks = new AckSchedule(clock, 20);
  const flushed: string[] = [];
  acks.postpone(owner(() => flushed.push(`congested at ${clock.monotonic()}`)));
  clock.advance(1);
  acks.add(owner(() => flushed.push(`healthy at ${clock.monotonic()}`)));
  clock.advance(200);
  assert.deepEqual(flushed, ['healthy at 21', 'congested at 100']);
});

test('an owner that postpones itself while being flushed is flushed again later', () => {
  const clock = new ManualClock();
  const acks = new AckSchedule(clock, 500);
  const at: number[] = [];
  const one: AckOwner = owner(() => {
    at.push(clock.monotonic());
    if (at.length < 3) acks.postpone(one);
  });
  acks.add(one);
  clock.advance(5_000);
  assert.deepEqual(at, [500, 1_000, 1_500]);
});

test('closing leaves no timer and flushes nobody', () => {
  const clock = new ManualClock();
  const acks = new AckSchedule(clock, 500);
  let flushes = 0;
  acks.add(owner(() => (flushes += 1)));
  acks.postpone(owner(() => (flushes += 1)));
  acks.close();
  assert.equal(clock.pending, 0);
  clock.advance(5_000);
  assert.equal(flushes, 0);
});
