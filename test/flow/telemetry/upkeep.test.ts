import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openInflux } from '../../../hub/adapters/influx/influx.ts';
import { openMetricsStore } from '../../../hub/adapters/sqlite/metrics/metrics-store.ts';
import type { MetricsStore } from '../../../hub/telemetry/store.ts';
import { Upkeep } from '../../../hub/telemetry/upkeep.ts';
import { ManualClock, trustedClock } from '../../helpers/clock.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { startInflux } from '../../helpers/services/influxd.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const minuteMs = 60_000;
const startMs = 1_767_225_600_000;

const stores: Record<string, (t: TestContext) => Promise<MetricsStore>> = {
  async InfluxDB(t) {
    const server = await startInflux();
    const store = openInflux({ url: server.url, database: 'hub', timeoutMs: 10_000 });
    await store.createDatabase();
    t.after(async () => {
      await store.close();
      await server.close();
    });
    return store;
  },
  async 'the embedded store'(t) {
    const folder = temporaryFolder('upkeep');
    const store = await openMetricsStore({ file: join(folder.path, 'metrics.db') });
    t.after(async () => {
      await store.close();
      folder.remove();
    });
    return store;
  },
};

async function rows(store: MetricsStore, measurement: string) {
  const found = await store.readings({
    measurement,
    device: 'd',
    fromMs: 0,
    toMs: startMs * 2,
    limit: 10_000,
    take: 'first',
  });
  return found.map(({ timeMs, fields }) => [(timeMs - startMs) / minuteMs, fields]);
}

for (const [name, open] of Object.entries(stores)) {
  test(`on ${name} roll-ups are right, may be repeated, catch up after days, and outlive the readings`, async (t) => {
    const store = await open(t);
    const write = (minute: number, fields: string): Promise<unknown> =>
      store.write([`m,device=d ${fields} ${(startMs + minute * minuteMs) * 1_000}`]);
    await write(0, 'v=1,n=3i,s="x"');
    await write(0.5, 'v=4,n=5i,s="y"');
    await write(1, 'v=10');
    const clock = new ManualClock(startMs + 5 * minuteMs);
    let savedMs: number | undefined;
    const progress = {
      load: () => Promise.resolve(savedMs),
      save: (ms: number) => {
        savedMs = ms;
        return Promise.resolve();
      },
    };
    const start = (): Upkeep =>
      new Upkeep(
        { store, progress, clock, hubClock: trustedClock(clock), log: silentLog, measurements: () => ['m'] },
        { rollUps: true, rawRetentionDays: 1 },
      );
    const first = start();
    await first.run();
    await first.run();
    // By them InfluxDB weighs the means; the embedded store does so itself.
    const sums = (own: Record<string, number>) => (store.name === 'influxdb' ? own : {});
    const minute0 = {
      ...sums({ sum_v: 5, sum_n: 8 }),
      count_v: 2,
      min_v: 1,
      max_v: 4,
      mean_v: 2.5,
      count_n: 2,
      min_n: 3,
      max_n: 5,
      mean_n: 4,
      count_s: 2,
    };
    const minute1 = { count_v: 1, min_v: 10, max_v: 10, mean_v: 10, ...sums({ sum_v: 10 }) };
    assert.deepEqual(await rows(store, 'm_1m'), [
      [0, minute0],
      [1, minute1],
    ]);
    assert.equal((await rows(store, 'm')).length, 3, 'not a day old');

    // The hub was down for three days; meanwhile a reading had been taken.
    await write(2_000, 'v=7');
    clock.advance(3 * 86_400_000);
    await start().run();
    const rolled = await rows(store, 'm_1m');
    assert.deepEqual(rolled, [
      [0, minute0],
      [1, minute1],
      [2_000, { count_v: 1, min_v: 7, max_v: 7, mean_v: 7, ...sums({ sum_v: 7 }) }],
    ]);
    assert.deepEqual(await rows(store, 'm'), []);
  });
}

test('a run that is told to stop ends after its step and goes on from there', async () => {
  const clock = new ManualClock(startMs);
  const steps: number[] = [];
  let savedMs: number | undefined = startMs - 10 * 3_600_000;
  const upkeep = (stopAfter: number): Upkeep => {
    const made: Upkeep = new Upkeep(
      {
        store: {
          rollUp: (_measurement, fromMs) => {
            steps.push(fromMs);
            if (steps.length === stopAfter) made.close();
            return Promise.resolve();
          },
          removeBefore: () => Promise.resolve(false),
        },
        progress: {
          load: () => Promise.resolve(savedMs),
          save: (ms) => {
            savedMs = ms;
            return Promise.resolve();
          },
        },
        clock,
        hubClock: trustedClock(clock),
        log: silentLog,
        measurements: () => ['m'],
      },
      { rollUps: true, rawRetentionDays: undefined },
    );
    return made;
  };
  await upkeep(3).run();
  assert.equal(steps.length, 3);
  await upkeep(Infinity).run();
  assert.equal(savedMs, startMs - minuteMs);
  assert.ok((steps[3] ?? 0) <= (steps[2] ?? 0) + 15 * minuteMs, 'no gap');
});

test('a clock in doubt removes nothing and rolls nothing up; one that was ahead has not rolled up the time since', async () => {
  const clock = new ManualClock(startMs);
  const hubClock = { ...trustedClock(clock), unusable: true };
  const steps: number[] = [];
  const removed: [string, number][] = [];
  let savedMs: number | undefined = startMs + 30 * 86_400_000;
  const upkeep = new Upkeep(
    {
      store: {
        rollUp: (_measurement, fromMs) => Promise.resolve(void steps.push(fromMs)),
        removeBefore: (measurement, beforeMs) => {
          removed.push([measurement, beforeMs]);
          return Promise.resolve(false);
        },
      },
      progress: {
        load: () => Promise.resolve(savedMs),
        save: (ms) => {
          savedMs = ms;
          return Promise.resolve();
        },
      },
      clock,
      hubClock,
      log: silentLog,
      measurements: () => ['m'],
    },
    { rollUps: true, rawRetentionDays: 7 },
  );
  await upkeep.run();
  assert.deepEqual([steps, removed], [[], []]);
  hubClock.unusable = false;
  // It is believed, but may have been ahead: what would be too old by the later time stays.
  hubClock.range = () => ({ earliestMs: startMs - 10 * 86_400_000, latestMs: startMs });
  await upkeep.run();
  assert.equal(savedMs, startMs - minuteMs);
  assert.ok((steps[0] ?? Infinity) <= startMs - 86_400_000);
  const beforeMs = startMs - 17 * 86_400_000;
  assert.deepEqual(removed, [
    ['m', beforeMs],
    ['log', beforeMs],
  ]);
});

test('the embedded store stays within its size: the oldest points of all measurements go, the newest stay', async (t) => {
  const folder = temporaryFolder('bounded');
  const store = await openMetricsStore({ file: join(folder.path, 'metrics.db'), onFailure: () => undefined });
  t.after(async () => {
    await store.close();
    folder.remove();
  });
  assert.ok(store.bounded);
  assert.equal(await store.bounded.removeOldest(), 0, 'of nothing');
  const text = 'x'.repeat(200);
  for (let part = 0; part < 10; part += 1) {
    const lines = Array.from({ length: 1_000 }, (_, n) => {
      const timeUs = (startMs + (part * 1_000 + n) * 1_000) * 1_000;
      return `${n % 2 === 0 ? 'm' : 'other'},device=d text="${text}" ${timeUs}`;
    });
    assert.deepEqual(await store.write(lines), { kind: 'stored' });
  }
  const clock = new ManualClock(startMs);
  const upkeep = new Upkeep(
    {
      store,
      progress: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
      clock,
      // The bound does not ask it.
      hubClock: { ...trustedClock(clock), unusable: true },
      log: silentLog,
      measurements: () => ['m'],
    },
    { rollUps: false, maxSize: 1_000_000 },
  );
  const before = await store.bounded.size();
  await upkeep.run();
  const after = await store.bounded.size();
  assert.ok(before > 2_000_000 && after <= 1_000_000, `${before}, then ${after}`);
  const query = { device: 'd', fromMs: startMs, toMs: startMs + 20_000_000, limit: 100_000 };
  for (const measurement of ['m', 'other']) {
    const left = await store.readings({ ...query, measurement, take: 'first' });
    assert.ok(left.length > 1_000, `${left.length} of ${measurement}`);
    assert.ok((left[0]?.timeMs ?? 0) > startMs + 4_000_000, 'the oldest are gone');
    assert.ok((left.at(-1)?.timeMs ?? 0) >= startMs + 9_998_000, 'the newest are there');
  }
});

test('the embedded store makes finished points smaller every ten minutes, not by a clock that is doubted, and all series in turn', async () => {
  const clock = new ManualClock(startMs);
  const asked: { beforeMs: number; oldMs: number; from?: number | undefined }[] = [];
  const hubClock = { ...trustedClock(clock), unusable: true };
  const store = {
    rollUp: () => Promise.resolve(),
    removeBefore: () => Promise.resolve(false),
    bounded: {
      size: () => Promise.resolve(0),
      removeOldest: () => Promise.resolve(0),
      compact(ages: (typeof asked)[number]) {
        asked.push(ages);
        return Promise.resolve(ages.from === 0 ? 201 : undefined);
      },
    },
  };
  const progress = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
  const upkeep = new Upkeep(
    { store, progress, clock, hubClock, log: silentLog, measurements: () => [] },
    { rollUps: false, maxSize: 1 },
  );
  await upkeep.run();
  assert.deepEqual(asked, []);
  hubClock.unusable = false;
  for (let minute = 0; minute < 12; minute += 1) {
    await upkeep.run();
    clock.advance(minuteMs);
  }
  const ages = (ofMs: number) => ({ beforeMs: ofMs - 15 * minuteMs, oldMs: ofMs - 360 * minuteMs });
  assert.deepEqual(
    asked,
    [startMs, startMs + 10 * minuteMs].flatMap((atMs) => [
      { ...ages(atMs), from: 0 },
      { ...ages(atMs), from: 201 },
    ]),
  );
});
