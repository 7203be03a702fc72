import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeTimeUs } from '../../../hub/telemetry/line-protocol.ts';
import { compactAll, openEmbedded } from '../../helpers/embedded-store.ts';

const t0 = 1_700_000_000_000;

test('whatever is written, made smaller and removed in any order: reads answer as if nothing was made smaller', async (t) => {
  const [plain, compacting] = await Promise.all([openEmbedded(), openEmbedded()]);
  t.after(() => Promise.all([plain.end(), compacting.end()]));
  const time = fc.integer({ min: 0, max: 400 });
  const value = fc.oneof(
    fc.integer({ min: -9, max: 9 }),
    fc.constantFrom('true', 'false', '"text"', '0.125'),
  );
  const point = fc.tuple(time, fc.constantFrom('t', 'u'), value, fc.constantFrom('a', 'b'));
  const steps = fc.array(
    fc.oneof(
      { arbitrary: fc.record({ write: fc.array(point, { minLength: 1, maxLength: 30 }) }), weight: 4 },
      { arbitrary: fc.record({ compactBefore: time }), weight: 3 },
      { arbitrary: fc.record({ removeBefore: time }), weight: 1 },
    ),
    { maxLength: 12 },
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(steps, time, time, fc.integer({ min: 1, max: 40 }), async (taken, a, b, limit) => {
      const measurement = `p${(run += 1)}`;
      for (const step of taken) {
        if ('write' in step) {
          const lines = step.write.map(
            ([at, field, drawn, lane]) =>
              `${measurement},device=d,lane=${lane} ${field}=${drawn} ${encodeTimeUs(t0 + at)}`,
          );
          await Promise.all([plain, compacting].map(({ store }) => store.write(lines)));
        } else if ('removeBefore' in step) {
          for (const { store } of [plain, compacting])
            while (await store.removeBefore(measurement, t0 + step.removeBefore));
        } else {
          const ages = { beforeMs: t0 + step.compactBefore, oldMs: t0 + step.compactBefore };
          for (let from: number | undefined = 0; from !== undefined;)
            from = await compacting.store.bounded?.compact({ ...ages, from });
        }
      }
      const span = { measurement, device: 'd', fromMs: t0 + Math.min(a, b), toMs: t0 + Math.max(a, b) };
      const answers = [plain, compacting].map(async ({ store }) => ({
        first: await store.readings({ ...span, take: 'first', limit }),
        last: await store.readings({ ...span, take: 'last', limit }),
        series: await store.series({
          ...span,
          fields: [
            { name: 't', kind: 'float' },
            { name: 'u', kind: 'float' },
          ],
          stepMs: 7,
        }),
      }));
      const [expected, actual] = await Promise.all(answers);
      assert.deepEqual(actual, expected);
    }),
    { numRuns: 100 },
  );
});

test('points of a day are a fraction of their size once they are made smaller, and the oldest of them can go', async (t) => {
  const opened = await openEmbedded();
  t.after(() => opened.end());
  const { store } = opened;
  const seconds = 40_000;
  for (let from = 0; from < seconds; from += 5_000) {
    const lines = Array.from({ length: 5_000 }, (_, n) => {
      const second = from + n;
      const temperature = (2_100 + Math.round(300 * Math.sin(second / 5_000)) + (second % 7)) / 100;
      const fields = `temperature=${temperature},humidity=${40 + (second % 13) / 10},battery=3.71,rssi=${-60 - (second % 5)}i`;
      return `env,device=d,site=default ${fields} ${encodeTimeUs(t0 + second * 1_000)}`;
    });
    await store.write(lines);
  }
  const { bounded } = store;
  assert.ok(bounded);
  const sizeBefore = await bounded.size();
  await compactAll(store);
  const size = await bounded.size();
  assert.ok(sizeBefore > 80 * seconds && size < 12 * seconds, `${sizeBefore} bytes, then ${size}`);
  const query = { measurement: 'env', device: 'd', fromMs: t0, toMs: t0 + seconds * 1_000 } as const;
  assert.equal((await store.readings({ ...query, take: 'first', limit: 1e6 })).length, seconds);
  const removed = await bounded.removeOldest();
  assert.ok(removed >= seconds / 25 && removed < seconds / 2, `${removed} removed`);
  const left = await store.readings({ ...query, take: 'first', limit: 1e6 });
  assert.deepEqual([left.length, left[0]?.timeMs], [seconds - removed, t0 + removed * 1_000]);
});
