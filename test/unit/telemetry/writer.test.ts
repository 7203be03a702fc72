import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { FrameOwner } from '../../../hub/telemetry/batch.ts';
import type { LedgerAccount } from '../../../hub/telemetry/ledger.ts';
import type { WriteOutcome } from '../../../hub/telemetry/store.ts';
import type { WriterOptions } from '../../../hub/telemetry/writer.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { ScriptedStore } from '../../helpers/hubs/scripted-store.ts';
import { turn } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';

/** Counts how often each frame was settled. */
class CountingOwner implements FrameOwner {
  readonly account;
  readonly settled = new Map<number, number>();
  readonly refused: number[] = [];

  constructor(account: LedgerAccount) {
    this.account = account;
  }

  stored(seq: number): void {
    this.settled.set(seq, (this.settled.get(seq) ?? 0) + 1);
  }

  refusedByStore(seq: number): void {
    assert.ok(!this.settled.has(seq), 'refused before settled');
    this.refused.push(seq);
  }
}

function startWriter(t: TestContext, options: Partial<WriterOptions> = {}) {
  const clock = new ManualClock();
  const store = new ScriptedStore();
  const pipeline = testPipeline(
    { store, clock, log: silentLog },
    { writer: { flushIntervalMs: 100, ...options } },
  );
  const { writer, ledger, disk } = pipeline;
  // Nowhere else to go: what these tests are about is the buffer.
  disk.fault = new Error('disk full');
  t.after(() => pipeline.close());
  const owner = new CountingOwner(ledger.account('d-1'));
  let seq = 0;
  /** One reading; false when it was not taken. */
  const add = (line = `line-${seq + 1}`): boolean => writer.addReading(owner, (seq += 1), line);
  const balance = (): void => {
    assert.equal(ledger.total.inFlight, writer.waiting);
  };
  return { clock, store, pipeline, writer, owner, add, balance };
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
  balance();
});

test('drain writes what waits at once and leaves no timer', async (t) => {
  const { clock, store, writer, add } = startWriter(t, { batchLines: 2 });
  for (let line = 0; line < 7; line++) add();
  assert.equal(await writer.drain(5_000), 0);
  assert.equal(store.stored.size, 7);
  writer.close();
  assert.equal(clock.pending, 0);
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
    await started.pipeline.close();
    await turn();
    const { length } = started.store.writes;
    assert.equal(started.clock.pending, 0, name);
    await started.clock.advanceAsync(120_000);
    assert.equal(started.store.writes.length, length, name);
    assert.equal(started.add(), false, name);
    assert.ok((await started.writer.drain(1_000)) > 0, `${name}: what is lost is said`);
  }
});
