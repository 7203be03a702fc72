import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { openInflux } from '../../../hub/adapters/influx/influx.ts';
import { openMetricsStore } from '../../../hub/adapters/sqlite/metrics/metrics-store.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../../../hub/telemetry/line-protocol.ts';
import type {
  MetricsStore,
  ReadingsQuery,
  ReadingsRow,
  SeriesBucket,
  SeriesQuery,
  Summary,
} from '../../../hub/telemetry/store.ts';
import { compactAll, openEmbedded, type Opened } from '../../helpers/embedded-store.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { startInflux } from '../../helpers/services/influxd.ts';

/** What stores are called here, and how each is opened. */
const stores: Record<string, () => Promise<Opened>> = {
  embedded: openEmbedded,
  async 'embedded, compacted at once,'() {
    const opened = await openEmbedded();
    const { store } = opened;
    const write: MetricsStore['write'] = async (lines) => {
      const outcome = await store.write(lines);
      await compactAll(store);
      return outcome;
    };
    return { store: { ...store, write }, end: () => opened.end() };
  },
  async influxdb() {
    const server = await startInflux();
    const store = openInflux({ url: server.url, database: 'hub "1"', timeoutMs: 5_000 });
    await store.createDatabase();
    return {
      store,
      async end() {
        await store.close();
        await server.close();
      },
    };
  },
};

const t0 = 1_700_000_000_000;

/** Means of sums in another order differ in the last bits. */
function rounded(summary: Summary | undefined): Summary | undefined {
  return summary && { ...summary, mean: Math.round(summary.mean * 1e9) / 1e9 };
}

for (const [name, openStore] of Object.entries(stores)) {
  suite(`the ${name} store`, () => {
    let opened: Opened;
    let store: MetricsStore;
    let measurement = '';
    let count = 0;
    before(async () => {
      opened = await openStore();
      store = opened.store;
    });
    after(() => opened.end());

    /** A measurement no other test has. */
    const fresh = (): string => (measurement = `m${(count += 1)}`);
    const line = (fields: string, timeMs = t0, device = 'd-1'): string =>
      `${measurement},device=${device},site=default ${fields} ${encodeTimeUs(timeMs)}`;
    const readings = (query: Partial<ReadingsQuery> = {}): Promise<ReadingsRow[]> =>
      store.readings({
        measurement,
        device: 'd-1',
        fromMs: t0 - 1000,
        toMs: t0 + 1_000_000,
        limit: 1_000,
        take: 'first',
        ...query,
      });

    test('answers a probe, and has its name', async () => {
      await store.probe();
      assert.equal(store.name, name.split(',')[0]);
    });

    test('gives back what was written, each field in its type, to the microsecond', async () => {
      fresh();
      const lines = [line('t=21.5,n=-3i,on=true,s="a, b"', t0 + 0.001), line('t=1e+21', t0 + 0.002)];
      assert.deepEqual(await store.write(lines), { kind: 'stored' });
      assert.deepEqual(await readings(), [
        { timeMs: t0 + 0.001, fields: { t: 21.5, n: -3, on: true, s: 'a, b' } },
        { timeMs: t0 + 0.002, fields: { t: 1e21 } },
      ]);
    });

    test('writing a line twice stores it once, in one write or in two', async () => {
      fresh();
      await store.write([line('t=1'), line('t=1')]);
      await store.write([line('t=1')]);
      assert.deepEqual(await readings(), [{ timeMs: t0, fields: { t: 1 } }]);
    });

    test('the same series and time merges its fields, a repeated field takes the later value', async () => {
      fresh();
      await store.write([line('t=1,u=5')]);
      // Tags in another order are the same series.
      await store.write([`${measurement},site=default,device=d-1 t=2,v=3 ${encodeTimeUs(t0)}`]);
      assert.deepEqual(await readings(), [{ timeMs: t0, fields: { t: 2, u: 5, v: 3 } }]);
    });

    test('reads are by measurement and device, from inclusive, to exclusive', async () => {
      fresh();
      const other = line('t=9', t0, 'd-2');
      await store.write([
        line('t=1', t0),
        line('t=2', t0 + 1),
        line('t=3', t0 + 1.001),
        line('t=4', t0 + 2),
        other,
      ]);
      const values = async (query: Partial<ReadingsQuery>): Promise<unknown[]> =>
        (await readings(query)).map(({ fields }) => fields['t']);
      assert.deepEqual(await values({ fromMs: t0 + 1, toMs: t0 + 2 }), [2, 3]);
      assert.deepEqual(await values({ fromMs: t0 + 1.001 }), [3, 4]);
      assert.deepEqual(await values({ toMs: t0 + 1.001 }), [1, 2]);
      assert.deepEqual(await values({ device: 'd-2' }), [9]);
      assert.deepEqual(await values({ device: 'd-3' }), []);
      assert.deepEqual(await values({ measurement: 'none' }), []);
      assert.deepEqual(await values({ fromMs: t0 - 2000, toMs: t0 }), []);
    });

    test('a limit keeps the first or the last rows, both answered oldest first', async () => {
      fresh();
      await store.write(Array.from({ length: 10 }, (_, index) => line(`t=${index}`, t0 + index)));
      const values = async (take: 'first' | 'last'): Promise<unknown[]> =>
        (await readings({ take, limit: 3 })).map(({ fields }) => fields['t']);
      assert.deepEqual(await values('first'), [0, 1, 2]);
      assert.deepEqual(await values('last'), [7, 8, 9]);
    });

    test("a device's series with different payload tags are read together, in order of time, with their tags when asked", async () => {
      fresh();
      const tagged = (lane: string, offset: number): string =>
        `${measurement},device=d-1,lane=${lane} t=${offset} ${encodeTimeUs(t0 + offset)}`;
      await store.write([tagged('a', 1), tagged('b', 2), tagged('a', 3)]);
      assert.deepEqual(
        (await readings({ take: 'last', limit: 2 })).map(({ fields }) => fields),
        [{ t: 2 }, { t: 3 }],
      );
      assert.deepEqual(
        (await readings({ take: 'last', limit: 2, tags: true })).map(({ fields }) => fields),
        [
          { t: 2, device: 'd-1', lane: 'b' },
          { t: 3, device: 'd-1', lane: 'a' },
        ],
      );
    });

    /** Two hundred readings, 100 ms apart, of every kind, some without one of the fields. */
    const writeSeries = async (): Promise<void> => {
      const lines = Array.from({ length: 200 }, (_, n) => {
        const fields = [
          `t=${n / 4}`,
          `n=${-n}i`,
          `on=${n % 4 === 0}`,
          ...(n % 2 === 0 ? [`s="x",u=${n}`] : []),
        ];
        return line(fields.join(','), t0 + n * 100);
      });
      await store.write([...lines, line('t=999', t0 + 5, 'd-2')]);
    };
    const series = (query: Partial<SeriesQuery> = {}): Promise<SeriesBucket[]> =>
      store.series({
        measurement,
        device: 'd-1',
        fields: [
          { name: 't', kind: 'float' },
          { name: 'n', kind: 'integer' },
          { name: 'on', kind: 'boolean' },
        ],
        fromMs: t0,
        toMs: t0 + 20_000,
        stepMs: 10_000,
        ...query,
      });

    test('a series is summed up in buckets that begin at multiples of the step, true as 1', async () => {
      fresh();
      await writeSeries();
      assert.deepEqual(await series(), [
        {
          timeMs: t0,
          fields: {
            t: { mean: 12.375, min: 0, max: 24.75, count: 100 },
            n: { mean: -49.5, min: -99, max: 0, count: 100 },
            on: { mean: 0.25, min: 0, max: 1, count: 100 },
          },
        },
        {
          timeMs: t0 + 10_000,
          fields: {
            t: { mean: 37.375, min: 25, max: 49.75, count: 100 },
            n: { mean: -149.5, min: -199, max: -100, count: 100 },
            on: { mean: 0.25, min: 0, max: 1, count: 100 },
          },
        },
      ]);
      const wide = await series({ stepMs: 7_000, fields: [{ name: 'u', kind: 'float' }] });
      assert.deepEqual(
        wide.map(({ timeMs }) => timeMs % 7_000),
        wide.map(() => 0),
        'aligned to 1970',
      );
      assert.equal(
        wide.reduce((sum, { fields }) => sum + (fields['u']?.count ?? 0), 0),
        100,
        'those that have the field',
      );
      assert.ok((wide[0]?.timeMs ?? 0) <= t0);
    });

    test('a series has no bucket without a point, and ends where it was told to', async () => {
      fresh();
      await writeSeries();
      const t = { fields: [{ name: 't', kind: 'float' }] } as const;
      const some = await series({ ...t, fromMs: t0 + 150, toMs: t0 + 400, stepMs: 100 });
      assert.deepEqual(
        some.map(({ timeMs, fields }) => [timeMs - t0, fields['t']]),
        [
          [200, { mean: 0.5, min: 0.5, max: 0.5, count: 1 }],
          [300, { mean: 0.75, min: 0.75, max: 0.75, count: 1 }],
        ],
      );
      const sparse = await series({ ...t, fromMs: t0 - 60_000, toMs: t0 + 60_000, stepMs: 50 });
      assert.equal(sparse.length, 200);
      assert.deepEqual(await series({ ...t, device: 'nobody' }), []);
      assert.deepEqual(await series({ ...t, measurement: 'nothing' }), []);
      assert.deepEqual(await series({ fields: [{ name: 'none', kind: 'float' }] }), []);
      assert.deepEqual(await series({ ...t, fromMs: t0 + 5, toMs: t0 + 5, stepMs: 7 }), [], 'an empty range');
      const only = [
        { name: 'on', kind: 'boolean' },
        { name: 't', kind: 'float' },
      ] as const;
      const constant = await series({ fields: only, fromMs: t0, toMs: t0 + 100, stepMs: 100 });
      assert.deepEqual(constant[0]?.fields['on'], { mean: 1, min: 1, max: 1, count: 1 });
    });

    test('a series of many fields, with any name, is read whole', async () => {
      fresh();
      const names = Array.from({ length: 40 }, (_, n) => `field_${n}`);
      await store.write([line(names.map((field, n) => `${field}=${n}`).join(','))]);
      const [bucket] = await series({ fields: names.map((field) => ({ name: field, kind: 'float' })) });
      assert.deepEqual(
        names.map((field) => bucket?.fields[field]?.mean),
        names.map((_, n) => n),
      );
      for (const odd of [`t") FROM x; DROP DATABASE "hub`, `a.b`, `$.t`, `'`, `t'--`])
        assert.deepEqual(await series({ fields: [{ name: odd, kind: 'float' }] }), [], odd);
    });

    test('the roll-ups give the numbers that the points gave', async () => {
      fresh();
      const minute = 60_000;
      const begin = Math.ceil(t0 / (10 * minute)) * 10 * minute;
      const lines = Array.from({ length: 600 }, (_, n) =>
        line(`t=${n / 4},n=${n % 7}i,on=${n % 2 === 0}`, begin + n * 2_000),
      );
      await store.write(lines);
      await store.rollUp(measurement, begin, begin + 20 * minute);
      const query = { fromMs: begin, toMs: begin + 20 * minute, stepMs: 5 * minute };
      const raw = await series({
        ...query,
        fields: [
          { name: 't', kind: 'float' },
          { name: 'n', kind: 'integer' },
        ],
      });
      assert.equal(raw.length, 4);
      const rolled = await store.rolledSeries({
        measurement,
        device: 'd-1',
        fields: [
          { name: 't', kind: 'float' },
          { name: 'n', kind: 'integer' },
          { name: 'on', kind: 'boolean' },
        ],
        ...query,
      });
      assert.deepEqual(
        rolled.map(({ timeMs, fields }) => [timeMs, fields['t'], rounded(fields['n']), Object.keys(fields)]),
        raw.map(({ timeMs, fields }) => [timeMs, fields['t'], rounded(fields['n']), ['t', 'n']]),
      );
      const t = { fields: [{ name: 't', kind: 'float' }] as const, meansOnly: true, ...query };
      const meansOf = (buckets: readonly SeriesBucket[]): unknown[] =>
        buckets.map(({ timeMs, fields }) => [timeMs, fields['t']?.mean, fields['t']?.count]);
      const means = [await series(t), await store.rolledSeries({ measurement, device: 'd-1', ...t })];
      assert.deepEqual(means.map(meansOf), [meansOf(raw), meansOf(raw)], 'means alone are the same');
    });

    test('buckets are counted as the points would be', async () => {
      fresh();
      await store.write([line('t=1,n=1i,on=true', t0), line('t=2', t0 + 10), line('n=3i', t0 + 100)]);
      const fields = [
        { name: 't', kind: 'float' },
        { name: 'n', kind: 'integer' },
        { name: 'on', kind: 'boolean' },
      ] as const;
      const query = { measurement, device: 'd-1', fields, fromMs: t0, toMs: t0 + 200, stepMs: 100 };
      assert.deepEqual(await store.seriesCounts(query), [
        { timeMs: t0, fields: { t: 2, n: 1, on: 1 } },
        { timeMs: t0 + 100, fields: { n: 1 } },
      ]);
    });

    test('roll-ups without sums, as the first release made them, give their means by weight', async () => {
      fresh();
      const raw = measurement;
      measurement = `${raw}_1m`;
      const begin = Math.ceil(t0 / 600_000) * 600_000;
      const minute = (n: number, rest: string): string => line(rest, begin + n * 60_000);
      await store.write([
        minute(0, 'count_t=3i,mean_t=2,min_t=1,max_t=3'),
        minute(1, 'count_t=1i,mean_t=6,min_t=6,max_t=6'),
        minute(6, 'count_t=2i,sum_t=3,mean_t=1.5,min_t=1,max_t=2'),
      ]);
      const t = { name: 't', kind: 'float' } as const;
      const query = { device: 'd-1', fields: [t], fromMs: begin, toMs: begin + 600_000, stepMs: 300_000 };
      assert.deepEqual(await store.rolledSeries({ measurement: raw, ...query }), [
        { timeMs: begin, fields: { t: { mean: 3, min: 1, max: 6, count: 4 } } },
        { timeMs: begin + 300_000, fields: { t: { mean: 1.5, min: 1, max: 2, count: 2 } } },
      ]);
    });

    test('a query cannot be turned into another one', async () => {
      fresh();
      await store.write([line('t=1')]);
      for (const text of [`d-1' OR 'a'='a`, `\\`, `d-1"; DROP DATABASE "hub"`, `d-1\n`, `' OR time > 0 --`]) {
        assert.deepEqual(await readings({ device: text }), [], text);
        assert.deepEqual(await readings({ measurement: text === '\\' ? 'x\\' : text }), [], text);
      }
      assert.equal((await readings()).length, 1);
    });

    test('any string comes back as it was encoded, and none disturbs its neighbours', async () => {
      fresh();
      const encode = compileFieldEncoder([
        { name: 'mode', kind: 'string', tag: true },
        { name: 'a', kind: 'integer', tag: false },
        { name: 'text', kind: 'string', tag: false },
        { name: 'b', kind: 'boolean', tag: false },
      ]);
      const unit = fc.oneof(
        fc.constantFrom(',', '=', ' ', '"', '\\', '#', "'", '$', '\u0085'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      );
      const text = fc.string({ unit, maxLength: 10 }).map((value) => value.replace(/\p{Cc}/gu, ''));
      // A backslash before the space of a tag once made the quotes of the next lines one text.
      const samples: [string, string][] = [['\\ a\\,', 'x=y'], ...fc.sample(fc.tuple(text, text), 500)];
      const prefix = encodePrefix(measurement, { device: 'd-1' });
      const lines = samples.map(
        ([mode, note], index) =>
          `${prefix}${encode({ mode, a: index, text: note, b: true })} ${encodeTimeUs(t0 + index)}`,
      );
      assert.deepEqual(await store.write(lines), { kind: 'stored' });
      assert.deepEqual(
        await readings(),
        samples.map(([, note], index) => ({ timeMs: t0 + index, fields: { a: index, text: note, b: true } })),
      );
    });

    test('a bad line among good ones is refused with a reason, and the good ones are stored', async () => {
      fresh();
      const outcome = await store.write([
        line('t=1', t0),
        `${measurement},device=d-1 t=NaN 5`,
        line('t=2', t0 + 1),
      ]);
      assert.equal(outcome.kind, 'partial');
      assert.match(outcome.kind === 'partial' ? outcome.reason : '', /NaN/);
      assert.deepEqual(
        (await readings()).map(({ fields }) => fields),
        [{ t: 1 }, { t: 2 }],
      );
    });

    test('a write of bad lines alone is refused', async () => {
      const outcome = await store.write(['no line at all', 'nor this']);
      assert.equal(outcome.kind, 'refused');
      assert.match(outcome.kind === 'refused' ? outcome.reason : '', /no line at all/);
    });

    test('a full batch of five thousand lines is stored', async () => {
      fresh();
      const lines = Array.from({ length: 5_000 }, (_, index) => line(`t=${index}.5`, t0 + index));
      assert.deepEqual(await store.write(lines), { kind: 'stored' });
      const rows = await readings({ limit: 10_000 });
      assert.equal(rows.length, 5_000);
      assert.equal(
        rows.reduce((sum, { fields }) => sum + Number(fields['t']), 0),
        12_500_000,
      );
    });

    test('a write of nothing is stored', async () => {
      assert.deepEqual(await store.write([]), { kind: 'stored' });
    });
  });
}

test('the embedded store keeps its points over a restart, and says unavailable once closed', async (t) => {
  const folder = temporaryFolder('metrics');
  t.after(() => folder.remove());
  const file = join(folder.path, 'metrics.db');
  const query = { measurement: 'm', device: 'd', fromMs: 0, toMs: t0 * 2, limit: 10, take: 'first' } as const;
  const first = await openMetricsStore({ file });
  await first.write([`m,device=d t=1 ${encodeTimeUs(t0)}`]);
  await first.close();
  const second = await openMetricsStore({ file });
  await second.write([`m,device=d t=1 ${encodeTimeUs(t0)}`, `m,device=d t=2 ${encodeTimeUs(t0 + 1)}`]);
  assert.equal((await second.readings(query)).length, 2);
  await second.close();
  assert.equal((await second.write(['m,device=d t=1 5'])).kind, 'unavailable');
  const unavailable = (error: unknown): boolean =>
    error instanceof HubError && error.code === 'store-unavailable';
  await assert.rejects(second.readings(query), unavailable);
  await assert.rejects(second.probe(), unavailable);
});
