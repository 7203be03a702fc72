import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openInflux } from '../../../hub/adapters/influx/influx.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../../../hub/telemetry/line-protocol.ts';
import { columns, hasControl, hostile, legalName, spelled, storedTags } from '../../helpers/hostile-text.ts';
import { query, startInflux } from '../../helpers/services/influxd.ts';

const points = fc.array(
  fc.record({
    measurement: legalName.filter((name) => !name.startsWith('#')),
    tags: fc.dictionary(
      legalName,
      hostile.filter((text) => !hasControl(text)),
      { maxKeys: 4 },
    ),
    fields: columns,
  }),
  { minLength: 300, maxLength: 300, size: 'max' },
);

/** InfluxDB's own word for the time; a tag of that name is dropped there. */
const reserved = 'time';

test('whatever the strings, what is written to InfluxDB is read back, and nothing else is there', async (t) => {
  const server = await startInflux();
  t.after(() => server.close());
  let run = 0;
  await fc.assert(
    fc.asyncProperty(points, async (given) => {
      run += 1;
      const database = `hostile_${run}`;
      const store = openInflux({ url: server.url, database, timeoutMs: 10_000 });
      try {
        await store.createDatabase();
        const expected = given.map(({ measurement, tags, fields }, n) => ({
          // One of its own for each, so that no two differ about the type of a field.
          measurement: `${measurement}${n}`,
          tags: Object.fromEntries(Object.entries(tags).filter(([name]) => name !== reserved)),
          // A field has one type in all that one query asks for.
          fields: fields.map((field) => ({ ...field, name: `${field.name}${field.kind}${field.name}` })),
          timeMs: 1_700_000_000_000 + n,
        }));
        const lines = expected.map(({ measurement, tags, fields, timeMs }) => {
          const data = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
          return `${encodePrefix(measurement, tags)}${compileFieldEncoder(fields)(data)} ${encodeTimeUs(timeMs)}`;
        });
        const outcome = await store.write(lines);
        assert.deepEqual(outcome, { kind: 'stored' });
        const series = await query(server.url, database, 'SELECT * FROM /.*/ GROUP BY *');
        const found = new Map(series.map((one) => [one.name, one]));
        assert.equal(series.length, expected.length);
        for (const { measurement, tags, fields, timeMs } of expected) {
          const one = found.get(measurement);
          assert.ok(one !== undefined, JSON.stringify(measurement));
          const stored = Object.entries(one.tags ?? {}).filter(([, value]) => value !== '');
          assert.deepEqual(new Map(stored), storedTags(tags));
          assert.equal(one.values.length, 1);
          // The columns are those of all measurements.
          const cells = one.columns.map((name, at) => [name, one.values[0]?.[at]] as const);
          const row = new Map(cells.filter(([, value]) => value !== null));
          const wanted = fields.map(({ name, value }) => [name, spelled(value)] as const);
          assert.deepEqual(row, new Map<string, unknown>([['time', timeMs * 1_000], ...wanted]));
        }
      } finally {
        await store.close();
      }
    }),
    { numRuns: 2, endOnFailure: true },
  );
});
