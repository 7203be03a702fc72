import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeWhole } from '../../../hub/telemetry/refused-lines.ts';
import type { WriteOutcome } from '../../../hub/telemetry/store.ts';
import { ScriptedStore } from '../../helpers/hubs/scripted-store.ts';

const bodies = fc
  .tuple(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(199), { maxLength: 20 }))
  .map(([count, picks]) => ({
    lines: Array.from({ length: count }, (_, index) => `line-${index}`),
    bad: new Set(picks.map((pick) => pick % count)),
  }));

const indexOf = (line: string): number => Number(line.slice('line-'.length));

for (const kind of ['partial', 'refused'] as const) {
  test(`exactly the bad lines are found when the store answers ${kind}, and all others are stored`, async () => {
    await fc.assert(
      fc.asyncProperty(bodies, async ({ lines, bad }) => {
        const store = new ScriptedStore();
        if (kind === 'partial') store.refuseLines((line) => bad.has(indexOf(line)));
        else {
          // As InfluxDB 2.x: one bad line and nothing of the body is written.
          store.answer = (part) =>
            part.some((line) => bad.has(indexOf(line))) ? { kind, reason: 'no' } : { kind: 'stored' };
        }
        const outcome = await writeWhole(store, lines);
        assert.equal(outcome.kind, 'done');
        const refused = outcome.kind === 'done' ? [...outcome.refused.keys()] : [];
        assert.deepEqual(new Set(refused), bad);
        assert.deepEqual(store.stored, new Set(lines.filter((line) => !bad.has(indexOf(line)))));
        const log = Math.ceil(Math.log2(lines.length)) + 1;
        assert.ok(store.writes.length <= 1 + 2 * bad.size * log, `${store.writes.length} writes`);
      }),
    );
  });
}

test('a body that is too large is halved until it fits; one line that never fits is refused', async () => {
  const store = new ScriptedStore();
  store.answer = (part) =>
    part.join('\n').length > 30 ? { kind: 'too-large', reason: 'request too large' } : { kind: 'stored' };
  const lines = [
    'a'.repeat(10),
    'b'.repeat(40),
    ...Array.from({ length: 20 }, (_, index) => `short-${index}`),
  ];
  const outcome = await writeWhole(store, lines);
  assert.deepEqual(outcome, { kind: 'done', refused: new Map([[1, 'request too large']]) });
  assert.equal(store.stored.size, 21);
});

test('a store that goes away in the middle fails the whole, with its own wish for a wait', async () => {
  const store = new ScriptedStore();
  const answers: WriteOutcome[] = [
    { kind: 'partial', reason: 'partial write' },
    { kind: 'stored' },
    { kind: 'unavailable', reason: 'engine restarts', retryAfterMs: 3_000 },
  ];
  store.answer = () => answers.shift() ?? { kind: 'stored' };
  const outcome = await writeWhole(store, ['a', 'b', 'c', 'd']);
  assert.deepEqual(outcome, { kind: 'failed', reason: 'engine restarts', retryAfterMs: 3_000 });
});

test('a store that a person must mend fails the whole, without a wish', async () => {
  const store = new ScriptedStore();
  store.answer = () => ({ kind: 'misconfigured', reason: 'unauthorized', status: 401 });
  const outcome = await writeWhole(store, ['a', 'b']);
  assert.deepEqual(outcome, { kind: 'failed', reason: 'unauthorized', needsPerson: true });
});
