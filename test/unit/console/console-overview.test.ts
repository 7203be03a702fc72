import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HubSnapshot } from '../../../schemas/api/hub.ts';
import { slowestStage } from '../../../dashboards/console/src/overview/slowest-stage.ts';
import { sampleAt, stackedAreas } from '../../../dashboards/console/src/overview/stacked-areas.ts';

const minuteMs = 60_000;
const samples = [
  { timeMs: 0, byState: { online: 4 } },
  { timeMs: 5 * minuteMs, byState: { online: 3, offline: 1 } },
  { timeMs: 60 * minuteMs, byState: { online: 2 } },
];
const span = { fromMs: 0, toMs: 100 * minuteMs };

test('areas stand on one another, are broken while the hub was away, and leave out states that nobody had', () => {
  const areas = stackedAreas(samples, ['online', 'offline', 'suspect'], span);
  assert.deepEqual(areas, [
    { state: 'online', path: 'M0 0L50 250L50 1000L0 1000ZM600 500L600 1000Z' },
    { state: 'offline', path: 'M0 0L50 0L50 250L0 0ZM600 500L600 500Z' },
  ]);
});

test('the sample at a time is the newest before it', () => {
  assert.equal(sampleAt(samples, 6 * minuteMs)?.timeMs, 5 * minuteMs);
  assert.equal(sampleAt(samples, -1)?.timeMs, 0);
  assert.equal(sampleAt([], 0), undefined);
});

test('the slowest stage is where a message is longest: frames, the store, or the spool', () => {
  const hub = (store: number | null, oldestMs: number | null) =>
    ({
      nowMs: 10_000,
      eventLoop: { p99Ms: 3 },
      store: { writeMs: store },
      spool: { oldestMs },
    }) as HubSnapshot;
  assert.deepEqual(slowestStage(hub(null, null)), { name: 'reading frames', ms: 3 });
  assert.deepEqual(slowestStage(hub(7, null)), { name: 'writing to the store', ms: 7 });
  assert.deepEqual(slowestStage(hub(7, 4_000)), { name: 'spool on disk', ms: 6_000 });
});
