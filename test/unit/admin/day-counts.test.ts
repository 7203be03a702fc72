import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DayCounts, sumOfHour, type DayCountStore, type StoredHour } from '../../../hub/admin/day-counts.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { startMs } from '../../helpers/start-time.ts';

const hourMs = 3_600_000;

class MemoryHours implements DayCountStore {
  readonly hours = new Map<string, string>();
  broken = false;

  load(): Promise<StoredHour[]> {
    return Promise.resolve([...this.hours.values()].map((text) => JSON.parse(text) as StoredHour));
  }

  add(more: StoredHour): Promise<void> {
    const name = String(more.hour);
    const known = this.hours.get(name);
    const hour = known === undefined ? more : sumOfHour(JSON.parse(known) as StoredHour, more);
    this.hours.set(name, JSON.stringify(hour));
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    if (this.broken) return Promise.reject(new Error('the disk is full'));
    this.hours.delete(name);
    return Promise.resolve();
  }
}

async function start(clock: ManualClock, store: MemoryHours) {
  const totals = { rejected: { schema: 0 }, commands: {}, closes: {}, losses: { '1006': 0 } };
  const counts = new DayCounts({ clock, log: silentLog, store, totals: () => structuredClone(totals) });
  await counts.load();
  return { totals, counts };
}

test('the counts of a day go on over a restart, and leave the report hour by hour', async () => {
  const clock = new ManualClock(Math.floor(startMs / hourMs) * hourMs);
  const store = new MemoryHours();
  const first = await start(clock, store);
  first.totals.losses['1006'] = 5;
  first.totals.rejected.schema = 2;
  assert.deepEqual(first.counts.report(), {
    rejected: { schema: 2 },
    commands: {},
    closes: {},
    losses: { '1006': 5 },
  });
  await first.counts.save();

  clock.advance(20 * hourMs);
  const second = await start(clock, store);
  second.totals.losses['1006'] = 1;
  assert.deepEqual(second.counts.report().losses, { '1006': 6 });
  await second.counts.save();
  clock.advance(4 * hourMs);
  assert.deepEqual(second.counts.report().losses, { '1006': 1 }, 'the first hour is a day old');
  await second.counts.save();
  assert.equal(store.hours.size, 1);
});

test('an hour that a clock ahead of its time counted is forgotten', async () => {
  const clock = new ManualClock(startMs + 100 * hourMs);
  const store = new MemoryHours();
  const ahead = await start(clock, store);
  ahead.totals.losses['1006'] = 1;
  await ahead.counts.save();
  clock.setNow(startMs);
  await ahead.counts.save();
  assert.equal(store.hours.size, 0);
});

test('an hour that could not be removed from the disk is removed later, unless it is counted again', async () => {
  const clock = new ManualClock(startMs);
  const store = new MemoryHours();
  const { totals, counts } = await start(clock, store);
  totals.losses['1006'] = 1;
  await counts.save();
  clock.advance(24 * hourMs);
  store.broken = true;
  await counts.save();
  assert.equal(store.hours.size, 1);
  store.broken = false;
  await counts.save();
  assert.equal(store.hours.size, 0);

  // By a clock that is set back and on again, the hour is one to come, and then the present one.
  totals.losses['1006'] = 2;
  await counts.save();
  clock.setNow(startMs);
  store.broken = true;
  await counts.save();
  clock.setNow(startMs + 24 * hourMs);
  totals.losses['1006'] = 3;
  store.broken = false;
  await counts.save();
  await counts.save();
  assert.deepEqual(counts.report().losses, { '1006': 2 });
  assert.equal(store.hours.size, 1);
});
