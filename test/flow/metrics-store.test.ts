import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { openInflux } from '../../hub/adapters/influx.ts';
import { openMetricsStore } from '../../hub/adapters/metrics-store.ts';
import { HubError } from '../../hub/kernel/errors.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../../hub/telemetry/line-protocol.ts';
import type { MetricsStore, ReadingsQuery, ReadingsRow } from '../../hub/telemetry/store.ts';
import { temporaryFolder } from '../helpers/guard.ts';
import { startInflux } from '../helpers/influxd.ts';

interface Opened {
  store: MetricsStore;
  /** Ends the store and what is behind it. */
  end(): Promise<void>;
}

const stores: Record<MetricsStore['name'], () => Promise<Opened>> = {
  async embedded() {
    const folder = temporaryFolder('metrics');
    const store = await openMetricsStore({ file: join(folder.path, 'metrics.db') });
    return {
      store,
      async end() {
        await store.close();
        folder.remove();
      },
    };
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
      assert.equal(store.name, name);
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

    test("a device's series with different payload tags are read together, in order of time", async () => {
      fresh();
      const tagged = (lane: string, offset: number): string =>
        `${measurement},device=d-1,lane=${lane} t=${offset} ${encodeTimeUs(t0 + offset)}`;
      await store.write([tagged('a', 1), tagged('b', 2), tagged('a', 3)]);
      assert.deepEqual(
        (await readings({ take: 'last', limit: 2 })).map(({ fields }) => fields),
        [{ t: 2 }, { t: 3 }],
      );
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
      const samples = fc.sample(fc.tuple(text, text), 500);
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
