import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { FrameOwner } from '../../hub/telemetry/batch.ts';
import type { WriteOutcome } from '../../hub/telemetry/store.ts';
import { Writer, defaultWriterOptions, type WriterOptions } from '../../hub/telemetry/writer.ts';
import { ManualClock } from '../helpers/clock.ts';
import { ScriptedStore, silentLog, turn } from '../helpers/session-fixture.ts';

/** Counts how often each frame was settled. */
class CountingOwner implements FrameOwner {
  readonly settled = new Map<number, number>();
  readonly refused: number[] = [];

  stored(seq: number): void {
    this.settled.set(seq, (this.settled.get(seq) ?? 0) + 1);
  }

  refusedByStore(seq: number): void {
    assert.ok(!this.settled.has(seq), 'refused before settled');
    this.refused.push(seq);
  }
}

function startWriter(t: TestContext, options: Partial<WriterOptions> = {}, random = (): number => 1) {
  const clock = new ManualClock();
  const store = new ScriptedStore();
  const writer = new Writer(
    { store, clock, random, log: silentLog },
    { ...defaultWriterOptions, ...options },
  );
  t.after(() => writer.close());
  const owner = new CountingOwner();
  let seq = 0;
  /** One reading; false when it was not taken. */
  const add = (line = `line-${seq + 1}`): boolean => writer.addReading(owner, (seq += 1), line);
  const balance = (): void => {
    const { added, stored, refused } = writer.counters;
    assert.equal(added, stored + refused + writer.waiting);
  };
  return { clock, store, writer, owner, add, balance };
}

const away: WriteOutcome = { kind: 'unavailable', reason: 'connection refused' };

test('a line waits at most the flush interval for others, and is settled when it is stored, not before', async (t) => {
  const { clock, store, owner, add } = startWriter(t);
  const answer = store.hold();
  add();
  await clock.advanceAsync(60);
  add();
  await clock.advanceAsync(39);
  assert.deepEqual(store.writes, []);
  await clock.advanceAsync(1);
  assert.deepEqual(store.writes, [['line-1', 'line-2']]);
  assert.equal(owner.settled.size, 0);
  answer({ kind: 'stored' });
  await turn();
  assert.deepEqual(
    [...owner.settled],
    [
      [1, 1],
      [2, 1],
    ],
  );
});

test('a full batch goes at once; a frame is never split over two', async (t) => {
  const { clock, store, writer, owner } = startWriter(t, { batchLines: 5 });
  const lines = (n: number): string[] => Array.from({ length: 3 }, (_, index) => `frame-${n}-${index}`);
  writer.addSamples(owner, 1, lines(1), undefined);
  writer.addSamples(owner, 2, lines(2), undefined);
  await turn();
  assert.deepEqual(store.writes, [lines(1)]);
  await clock.advanceAsync(100);
  assert.deepEqual(store.writes, [lines(1), lines(2)]);
});

test('a batch is bounded in characters too', async (t) => {
  const { store, add } = startWriter(t, { batchSize: 25 });
  add('a'.repeat(10));
  add('b'.repeat(10));
  add('c'.repeat(10));
  await turn();
  assert.deepEqual(store.writes, [['a'.repeat(10), 'b'.repeat(10)]]);
});

test('lines that come during a write wait for its end, and no interval more than they had left', async (t) => {
  const { clock, store, add } = startWriter(t);
  const answer = store.hold();
  add('first');
  await clock.advanceAsync(100);
  add('during');
  await clock.advanceAsync(70);
  answer({ kind: 'stored' });
  await clock.advanceAsync(29);
  assert.equal(store.writes.length, 1);
  await clock.advanceAsync(1);
  assert.deepEqual(store.writes, [['first'], ['during']]);
});

test('the buffer is bounded in lines and in characters, and takes again when the store has taken', async (t) => {
  const { clock, store, writer, owner, add, balance } = startWriter(t, { bufferLines: 4, bufferSize: 60 });
  const answer = store.hold();
  assert.deepEqual([add('a'), add('b'), add('c')], [true, true, true]);
  assert.equal(writer.addSamples(owner, 9, ['d', 'e'], undefined), false, 'all of a frame or nothing');
  assert.equal(add('d'), true);
  assert.equal(add('e'), false);
  balance();
  await clock.advanceAsync(100);
  assert.equal(add('f'), false, 'what is being written counts as well');
  answer({ kind: 'stored' });
  await turn();
  assert.equal(add('x'.repeat(60)), false);
  assert.equal(add('x'.repeat(59)), true);
  assert.equal(writer.counters.added, 5);
  balance();
});

test('while the store is away the batch is kept and tried again, with growing waits up to a minute', async (t) => {
  const { clock, store, writer, owner, add, balance } = startWriter(t);
  const at: number[] = [];
  store.answer = () => {
    at.push(clock.monotonic());
    return away;
  };
  add();
  await clock.advanceAsync(400_000);
  const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  assert.deepEqual(
    waits.slice(0, 11),
    [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000],
  );
  assert.equal(writer.fault, 'connection refused');
  assert.equal(writer.counters.failedWrites, at.length);
  assert.equal(owner.settled.size, 0);
  balance();
  store.answer = () => ({ kind: 'stored' });
  await clock.advanceAsync(60_000);
  assert.deepEqual([...owner.settled], [[1, 1]]);
  assert.equal(writer.fault, undefined);
  balance();
});

test('a store that throws is a store that is away', async (t) => {
  const { clock, store, writer, owner, add } = startWriter(t);
  store.answer = () => Promise.reject(new Error('socket hang up'));
  add();
  await clock.advanceAsync(100);
  assert.equal(writer.fault, 'socket hang up');
  store.answer = () => ({ kind: 'stored' });
  await clock.advanceAsync(1_000);
  assert.equal(owner.settled.size, 1);
});

for (const [wishMs, waitMs] of [
  [5_000, 5_000],
  [10, 250],
  [86_400_000, 600_000],
] as const) {
  test(`asked to wait ${wishMs} ms, it waits ${waitMs} ms`, async (t) => {
    const { clock, store, add } = startWriter(t);
    store.answer = () => ({ ...away, retryAfterMs: wishMs });
    add();
    await clock.advanceAsync(100 + waitMs - 1);
    assert.equal(store.writes.length, 1);
    await clock.advanceAsync(1);
    assert.equal(store.writes.length, 2);
  });
}

test('drain writes what waits at once and leaves no timer', async (t) => {
  const { clock, store, writer, add } = startWriter(t, { batchLines: 2 });
  for (let line = 0; line < 7; line++) add();
  assert.equal(await writer.drain(5_000), 0);
  assert.equal(store.stored.size, 7);
  writer.close();
  assert.equal(clock.pending, 0);
});

test('drain asks a store that was away once more, whatever its pause', async (t) => {
  const { clock, store, writer, add } = startWriter(t);
  store.answer = () => ({ ...away, retryAfterMs: 300_000 });
  add();
  await clock.advanceAsync(1_000);
  store.answer = () => ({ kind: 'stored' });
  assert.equal(await writer.drain(5_000), 0);
  assert.equal(store.stored.size, 1);
});

test('drain gives up at its deadline and says how many lines are left', async (t) => {
  const { clock, store, writer, add, balance } = startWriter(t);
  store.hold();
  add();
  add();
  const drained = writer.drain(5_000);
  await clock.advanceAsync(4_999);
  let left: number | undefined;
  void drained.then((lines) => (left = lines));
  await turn();
  assert.equal(left, undefined);
  await clock.advanceAsync(1);
  assert.equal(left, 2);
  balance();
});

test('after close nothing is taken, no write is begun and no timer stays, whatever it was doing', async (t) => {
  const doing: Record<string, (started: ReturnType<typeof startWriter>) => Promise<void>> = {
    'waiting for others': async ({ add }) => void add(),
    'pausing before a retry': async ({ clock, store, add }) => {
      store.answer = () => away;
      add();
      await clock.advanceAsync(150);
      add();
    },
    'being refused by a store that is away': async ({ clock, store, add, writer }) => {
      const answer = store.hold();
      add();
      await clock.advanceAsync(150);
      add();
      writer.close();
      answer(away);
    },
  };
  for (const [name, run] of Object.entries(doing)) {
    const started = startWriter(t);
    await run(started);
    started.writer.close();
    await turn();
    const { length } = started.store.writes;
    assert.equal(started.clock.pending, 0, name);
    await started.clock.advanceAsync(120_000);
    assert.equal(started.store.writes.length, length, name);
    assert.equal(started.add(), false, name);
    assert.ok((await started.writer.drain(1_000)) > 0, `${name}: what is lost is said`);
  }
});

test('whatever the store answers the books balance, one write is in flight, and every frame is settled once', async (t) => {
  const outcome = fc.oneof(
    { weight: 4, arbitrary: fc.constant<WriteOutcome | 'throws'>({ kind: 'stored' }) },
    { weight: 1, arbitrary: fc.constant<WriteOutcome | 'throws'>(away) },
    { weight: 1, arbitrary: fc.constant<WriteOutcome | 'throws'>({ ...away, retryAfterMs: 2_000 }) },
    {
      weight: 1,
      arbitrary: fc.constant<WriteOutcome | 'throws'>({ kind: 'misconfigured', reason: 'no', status: 403 }),
    },
    { weight: 1, arbitrary: fc.constant<WriteOutcome | 'throws'>('throws') },
  );
  const step = fc.record({
    passMs: fc.integer({ min: 0, max: 150 }),
    frames: fc.integer({ min: 0, max: 6 }),
    bad: fc.nat(9),
  });
  const steps = fc.array(step, { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(steps, fc.array(outcome, { maxLength: 30 }), async (run, outcomes) => {
      const { clock, store, writer, owner, add, balance } = startWriter(t, {
        batchLines: 4,
        bufferLines: 30,
      });
      const script = [...outcomes];
      store.answer = async (lines) => {
        await turn();
        const next = script.shift() ?? { kind: 'stored' };
        if (next === 'throws') throw new Error('reset');
        if (next.kind !== 'stored' || !lines.some((line) => line.startsWith('bad'))) return next;
        for (const line of lines) if (!line.startsWith('bad')) store.stored.add(line);
        return { kind: 'partial', reason: 'partial write' };
      };
      let seq = 0;
      const taken: { seq: number; line: string }[] = [];
      for (const { passMs, frames, bad } of run) {
        for (let frame = 0; frame < frames; frame++) {
          seq += 1;
          const line = `${frame === bad ? 'bad' : 'good'}-${seq}`;
          if (add(line)) taken.push({ seq, line });
          assert.ok(writer.waiting <= 30);
          balance();
        }
        await clock.advanceAsync(passMs);
        balance();
      }
      for (let round = 0; round < 100 && writer.waiting > 0; round++) await clock.advanceAsync(60_000);
      assert.equal(writer.waiting, 0);
      balance();
      assert.ok(store.mostInFlight <= 1);
      assert.deepEqual(
        [...owner.settled],
        taken.map((frame) => [frame.seq, 1]),
      );
      const isBad = ({ line }: { line: string }): boolean => line.startsWith('bad');
      assert.deepEqual(
        owner.refused,
        taken.filter(isBad).map((frame) => frame.seq),
      );
      assert.deepEqual(store.stored, new Set(taken.filter((frame) => !isBad(frame)).map(({ line }) => line)));
    }),
    { numRuns: 60 },
  );
});
