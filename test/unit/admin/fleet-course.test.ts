import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetSample } from '../../../schemas/api/hub.ts';
import { FleetCourse, fleetSampleMs, type FleetCourseStore } from '../../../hub/admin/fleet-course.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { startMs } from '../../helpers/start-time.ts';

class MemorySamples implements FleetCourseStore {
  readonly samples = new Map<string, FleetSample>();
  broken = false;

  load(): Promise<FleetSample[]> {
    return Promise.resolve([...this.samples.values()]);
  }

  save(name: string, sample: FleetSample): Promise<void> {
    if (this.broken) return Promise.reject(new Error('the disk is full'));
    this.samples.set(name, sample);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.samples.delete(name);
    return Promise.resolve();
  }
}

const firstMs = Math.ceil(startMs / fleetSampleMs) * fleetSampleMs;

function start(store = new MemorySamples(), clock = new ManualClock(firstMs)) {
  const byState = { online: 3, offline: 0 };
  const cluster = { leads: true };
  const course = new FleetCourse({
    clock,
    log: silentLog,
    store,
    byState: () => byState,
    leads: () => cluster.leads,
  });
  return { store, clock, byState, cluster, course };
}

test('a sample is taken each five minutes, however often it is looked, and goes on after a restart', async () => {
  const { store, clock, byState, course } = start();
  await course.save();
  byState.online = 2;
  await course.save();
  clock.advance(fleetSampleMs);
  await start(store, clock).course.save();
  assert.deepEqual(await course.samples(), [
    { timeMs: firstMs, byState: { online: 3, offline: 0 } },
    { timeMs: firstMs + fleetSampleMs, byState: { online: 3, offline: 0 } },
  ]);
});

test('samples are kept for a day, and those that a wrong clock took ahead are not shown', async () => {
  const { store, clock, course } = start();
  const ahead = { timeMs: firstMs + 10 * 86_400_000, byState: {} };
  await store.save('ahead', ahead);
  await course.save();
  assert.equal((await course.samples()).length, 1);
  clock.advance(86_400_000);
  await course.save();
  assert.deepEqual(
    (await course.samples()).map(({ timeMs }) => timeMs),
    [firstMs + 86_400_000],
  );
  assert.equal(store.samples.has(String(firstMs)), false);
});

test('a sample that was not saved is counted and tried again; a hub that does not lead takes none', async () => {
  const { store, cluster, course } = start();
  cluster.leads = false;
  await course.save();
  assert.equal(store.samples.size, 0);
  cluster.leads = true;
  store.broken = true;
  await course.save();
  store.broken = false;
  await course.save();
  assert.deepEqual([course.saveFailures, store.samples.size], [1, 1]);
});
