import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLastValues } from '../../../hub/telemetry/history/last-values.ts';
import { LatestReadings } from '../../../hub/telemetry/history/latest-readings.ts';
import { createPresenceHistory } from '../../../hub/telemetry/history/presence-history.ts';
import { createSeries, stepOf } from '../../../hub/telemetry/history/series.ts';
import type { BucketCounts, ReadingsRow, SeriesBucket, SeriesQuery } from '../../../hub/telemetry/store.ts';
import { deviceUnknown, HubError } from '../../../hub/kernel/errors.ts';
import type { DeviceType } from '../../../schemas/index.ts';
import { sensorType } from '../../helpers/hubs/session-fixture.ts';

const minuteMs = 60_000;

function typeOf(id: string): DeviceType {
  if (id === 'd-1') return sensorType;
  throw deviceUnknown(id);
}

test('a range never touches more buckets than were asked for, and whole minutes from a minute on', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e12 }),
      fc.integer({ min: 1, max: 3e11 }),
      fc.integer({ min: 2, max: 2_000 }),
      (fromMs, lengthMs, points) => {
        const toMs = fromMs + lengthMs;
        const stepMs = stepOf(fromMs, toMs, points);
        const buckets = Math.floor((toMs - 1) / stepMs) - Math.floor(fromMs / stepMs) + 1;
        assert.ok(Number.isInteger(stepMs) && stepMs >= 1);
        assert.ok(buckets <= points, `${buckets} buckets of ${stepMs} ms`);
        assert.ok(stepMs < minuteMs || stepMs % minuteMs === 0);
        // Not wider than it must be, but for rounding and the bucket that is begun.
        assert.ok(stepMs <= Math.max(1, Math.ceil(lengthMs / (points - 1))) + minuteMs);
      },
    ),
    { numRuns: 2_000 },
  );
});

const bucket = (minute: number, count: number, mean = minute): SeriesBucket => ({
  timeMs: minute * minuteMs,
  fields: { temperature: { mean, min: mean, max: mean, count } },
});

const counted = (minute: number, count: number): BucketCounts => ({
  timeMs: minute * minuteMs,
  fields: { temperature: count },
});

test('where the points are gone, or only some of them left, the roll-ups stand in', async () => {
  const asked: string[] = [];
  const series = createSeries({
    typeOf,
    store: {
      series: () => (asked.push('points'), Promise.resolve([bucket(2, 3, 99), bucket(3, 60), bucket(4, 60)])),
      rolledSeries: () => (
        asked.push('roll-ups'),
        Promise.resolve([bucket(0, 60), bucket(2, 60), bucket(3, 50, 99)])
      ),
      seriesCounts: () => (
        asked.push('counts'),
        Promise.resolve([counted(2, 3), counted(3, 60), counted(4, 60)])
      ),
    },
  });
  const query = { device: 'd-1', stream: 'env', fields: ['temperature'], points: 5 };
  const wide = await series({ ...query, fromMs: 0, toMs: 5 * minuteMs });
  assert.equal(wide.stepMs, minuteMs);
  assert.deepEqual(
    wide.times,
    [0, 2, 3, 4].map((minute) => minute * minuteMs),
  );
  assert.deepEqual(wide.fields['temperature']?.mean, [0, 2, 3, 4]);
  assert.deepEqual(wide.fields['temperature']?.count, [60, 60, 60, 60]);
  asked.length = 0;
  await series({ ...query, fromMs: 0, toMs: minuteMs });
  assert.deepEqual(asked, ['points'], 'a narrow step has no use for them');
});

test('points are read only where the roll-ups lack some', async () => {
  const asked: [number, number][] = [];
  let late: readonly number[] = [1, 4, 5];
  const series = createSeries({
    typeOf,
    store: {
      series: ({ fromMs, toMs, stepMs }) => {
        asked.push([fromMs / stepMs, toMs / stepMs]);
        return Promise.resolve(
          late.map((minute) => bucket(minute, 61)).filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs),
        );
      },
      rolledSeries: () => Promise.resolve(Array.from({ length: 40 }, (_, minute) => bucket(minute, 60, 99))),
      seriesCounts: () =>
        Promise.resolve(
          Array.from({ length: 40 }, (_, minute) => counted(minute, late.includes(minute) ? 61 : 60)),
        ),
    },
  });
  const query = {
    device: 'd-1',
    stream: 'env',
    fields: ['temperature'],
    points: 40,
    fromMs: 0,
    toMs: 40 * minuteMs,
  };
  const some = await series(query);
  assert.deepEqual(asked, [
    [1, 2],
    [4, 6],
  ]);
  assert.deepEqual(some.fields['temperature']?.mean.slice(0, 7), [99, 1, 99, 99, 4, 5, 99]);
  asked.length = 0;
  late = Array.from({ length: 12 }, (_, n) => 2 + n * 3);
  const many = await series(query);
  assert.deepEqual(asked, [[2, 36]], 'one range, rather than many round trips');
  assert.deepEqual(
    many.fields['temperature']?.count.flatMap((count, minute) => (count === 61 ? [minute] : [])),
    late,
  );
});

test('readings are counted by a field that each has, whichever is drawn', async () => {
  const countedBy: string[][] = [];
  const names = ({ fields }: SeriesQuery): string[] => fields.map(({ name }) => name);
  const summary = { mean: 4, min: 3, max: 5, count: 2 };
  const { temperature } = bucket(0, 60).fields;
  assert.ok(temperature);
  const series = createSeries({
    typeOf,
    store: {
      series: (query) =>
        Promise.resolve([
          {
            timeMs: 0,
            fields: Object.fromEntries(names(query).map((name) => [name, { ...summary, count: 3 }])),
          },
        ]),
      rolledSeries: () =>
        Promise.resolve([
          { timeMs: 0, fields: { temperature, humidity: summary } },
          { timeMs: minuteMs, fields: { temperature } },
        ]),
      seriesCounts: (query) => (
        countedBy.push(names(query)),
        Promise.resolve([counted(0, 61), counted(1, 60)])
      ),
    },
  });
  const query = {
    device: 'd-1',
    stream: 'env',
    fields: ['humidity'],
    points: 5,
    fromMs: 0,
    toMs: 5 * minuteMs,
  };
  const { times, fields } = await series(query);
  assert.deepEqual(countedBy, [['temperature']]);
  assert.deepEqual([times, fields['humidity']?.count], [[0], [3]], 'and only what is drawn is answered');
});

test('means alone are asked of the store, and answered without lowest and highest values', async () => {
  const asked: (boolean | undefined)[] = [];
  const take = (query: SeriesQuery): Promise<SeriesBucket[]> => (
    asked.push(query.meansOnly),
    Promise.resolve([bucket(0, 60), bucket(1, 60)])
  );
  const series = createSeries({
    typeOf,
    store: { series: take, rolledSeries: take, seriesCounts: () => Promise.resolve([counted(1, 61)]) },
  });
  const query = { device: 'd-1', stream: 'env', fields: ['temperature'], points: 5 };
  const { fields } = await series({ ...query, fromMs: 0, toMs: 5 * minuteMs, meansOnly: true });
  assert.deepEqual(asked, [true, true], 'of the roll-ups, and of the points that they lack');
  assert.deepEqual(fields['temperature'], { mean: [0, 1], min: [], max: [], count: [60, 60] });
});

test('a field without a value in a bucket is null there, and counts nothing', async () => {
  const { temperature } = bucket(0, 1).fields;
  assert.ok(temperature);
  const series = createSeries({
    typeOf,
    store: {
      series: () =>
        Promise.resolve([
          { timeMs: 0, fields: { temperature } },
          { timeMs: 100, fields: { humidity: { mean: 4, min: 3, max: 5, count: 2 } } },
        ]),
      rolledSeries: () => Promise.reject(new Error('not asked')),
      seriesCounts: () => Promise.reject(new Error('not asked')),
    },
  });
  const { fields } = await series({ device: 'd-1', stream: 'env', fromMs: 0, toMs: 200, points: 10 });
  assert.deepEqual(fields, {
    temperature: { mean: [0, null], min: [0, null], max: [0, null], count: [1, 0] },
    humidity: { mean: [null, 4], min: [null, 3], max: [null, 5], count: [0, 2] },
  });
});

test('changes of presence are told from snapshots, over many pages', async () => {
  // A change each 1,000 points, a snapshot at all others.
  const rows: ReadingsRow[] = Array.from({ length: 12_000 }, (_, at) => {
    const n = Math.floor(at / 1_000);
    return {
      timeMs: at,
      fields: { state: n % 2 === 0 ? 'online' : 'offline', reason: `r${n}`, epoch: 1, n },
    };
  });
  const history = createPresenceHistory({
    readings: ({ fromMs, toMs, limit, take }) => {
      const found = rows.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs);
      return Promise.resolve(take === 'last' ? found.slice(-limit) : found.slice(0, limit));
    },
  });
  const all = await history({ device: 'd-1', fromMs: 500, toMs: 12_000, limit: 1_000 });
  assert.equal(all.stateBefore, 'online');
  assert.deepEqual(
    all.changes.map(({ timeMs }) => timeMs),
    Array.from({ length: 11 }, (_, n) => (n + 1) * 1_000),
  );
  const some = await history({ device: 'd-1', fromMs: 500, toMs: 12_000, limit: 3 });
  assert.deepEqual(some.changes, all.changes.slice(0, 3));
});

test('last values are those in memory; the store is asked for the others, and may be away', async () => {
  const latest = new LatestReadings();
  let away = false;
  const stored = { timeMs: 5, fields: { temperature: 1 } };
  const last = createLastValues({
    latest,
    typeOf,
    store: {
      readings: () =>
        away ? Promise.reject(new HubError('store-unavailable', 'away')) : Promise.resolve([stored]),
    },
  });
  assert.deepEqual(await last('d-1'), { streams: { env: stored } });
  await assert.rejects(last('d-2'), { code: 'device-unknown' });
  away = true;
  await assert.rejects(last('d-1'), { code: 'store-unavailable' });
  latest.openStream('d-1', 'env').note(9, { temperature: 2 });
  latest.openStream('d-1', 'env').note(7, { temperature: 3 });
  assert.deepEqual(await last('d-1'), { streams: { env: { timeMs: 9, fields: { temperature: 2 } } } });
});

test('last values stand in the order of the schema, whether they come from memory or from the store', async () => {
  const latest = new LatestReadings();
  const fields = { humidity: 40, temperature: 21 };
  const store = { readings: () => Promise.resolve([{ timeMs: 5, fields }]) };
  const lastValues = createLastValues({ store, latest, typeOf });
  const order = async (): Promise<string[]> =>
    Object.keys((await lastValues('d-1')).streams['env']?.fields ?? {});
  assert.deepEqual(await order(), ['temperature', 'humidity']);
  latest.openStream('d-1', 'env').note(9, fields);
  assert.deepEqual(await order(), ['temperature', 'humidity']);
});
