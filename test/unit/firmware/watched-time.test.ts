import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchedBetween, WatchedTime } from '../../../hub/firmware/rollouts/watched-time.ts';

test('the time in which no hub watched does not count, however it lies to what is measured', () => {
  const gaps = [{ fromMs: 100, toMs: 200 }, { fromMs: 300 }];
  const cases: [number, number, number][] = [
    [0, 50, 50],
    [0, 150, 100],
    [120, 180, 0],
    [150, 250, 50],
    [0, 300, 200],
    [0, 1_000, 200],
    [400, 1_000, 0],
  ];
  for (const [fromMs, toMs, watched] of cases)
    assert.equal(watchedBetween(fromMs, toMs, gaps), watched, `${fromMs} to ${toMs}`);
});

test('after a restart nobody watches until it is known of each device where it is', () => {
  const time = new WatchedTime(1_000, [], [4, 7]);
  assert.equal(time.isWatching, false);
  assert.equal(time.look(2_000), false);
  time.seen(4);
  assert.equal(time.look(3_000), false);
  time.seen(7);
  assert.equal(time.look(4_000), true);
  assert.deepEqual(
    [time.isWatching, time.gaps, time.lastMs],
    [true, [{ fromMs: 1_000, toMs: 4_000 }], 4_000],
  );
});

test('a hub that is killed again before it knows its devices adds to one gap, from when it was last known', () => {
  const first = new WatchedTime(1_000, [], [0]);
  assert.equal(first.lastMs, 1_000);
  const second = new WatchedTime(first.lastMs, first.gaps, [0]);
  second.seen(0);
  second.look(9_000);
  assert.deepEqual(second.gaps, [{ fromMs: 1_000, toMs: 9_000 }]);
});

test('a hub that stood still has not watched either, and only the newest gaps are kept', () => {
  const time = new WatchedTime(0, [], []);
  assert.equal(time.look(1_000), false);
  assert.equal(time.look(61_000), true);
  assert.deepEqual(time.gaps, [{ fromMs: 1_000, toMs: 61_000 }]);
  for (let minute = 2; minute < 200; minute += 1) time.look(minute * 61_000);
  assert.equal(time.gaps.length, 50);
});
