import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { FrameOwner } from '../../../hub/telemetry/batch.ts';
import { imbalance } from '../../../hub/telemetry/ledger.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { ScriptedStore } from '../../helpers/hubs/scripted-store.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { testPipeline, type TestPipelineOptions } from '../../helpers/hubs/pipeline.ts';

function pipelineTo(t: TestContext, store: ScriptedStore, options: TestPipelineOptions = {}) {
  const clock = new ManualClock();
  const pipeline = testPipeline({ store, clock, log: silentLog }, options);
  t.after(() => pipeline.close());
  const stored: number[] = [];
  const refused: string[] = [];
  const owner: FrameOwner = {
    account: pipeline.ledger.account('d-1'),
    stored: (seq) => stored.push(seq),
    refusedByStore: (seq, samples, reason) =>
      refused.push(`${seq} ${JSON.stringify(samples ?? 'whole')} ${reason}`),
  };
  let seq = 0;
  const add = (line = `m,device=d-1 v=1 ${seq + 1}`): boolean => {
    pipeline.ledger.received(owner.account, 1);
    seq += 1;
    if (pipeline.writer.addReading(owner, seq, line)) return true;
    pipeline.ledger.rejected(owner.account, 'overloaded', 1);
    return false;
  };
  return { ...pipeline, clock, owner, add, settled: stored, refused };
}

const away = { kind: 'unavailable' as const, reason: '503 away' };

test('what the store does not take is spooled, and only then settled', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, settled, ledger, disk } = pipelineTo(t, store);
  disk.fault = new Error('disk full');
  add();
  await clock.advanceAsync(200);
  assert.deepEqual(settled, []);
  disk.fault = undefined;
  await clock.advanceAsync(1_100);
  assert.deepEqual(settled, [1]);
  assert.equal(ledger.total.spooled, 1);
  assert.equal(imbalance(ledger.total), 0);
});

test('a write without an answer is spooled after a second, and a late answer changes nothing', async (t) => {
  const store = new ScriptedStore();
  const answer = store.hold();
  const { clock, add, settled, ledger } = pipelineTo(t, store);
  add();
  await clock.advanceAsync(1_000);
  assert.deepEqual(settled, []);
  await clock.advanceAsync(150);
  assert.deepEqual(settled, [1]);
  answer({ kind: 'stored' });
  await clock.advanceAsync(10);
  assert.deepEqual(settled, [1]);
  assert.equal(ledger.total.stored, 0);
  await clock.advanceAsync(60_000);
  assert.deepEqual({ stored: ledger.total.stored, spooled: ledger.total.spooled }, { stored: 1, spooled: 0 });
});

test('the age of the spool is that of its oldest line, and nothing once it is empty', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, spool } = pipelineTo(t, store);
  assert.equal(spool.waitMs, 0);
  add();
  await clock.advanceAsync(200);
  const early = spool.waitMs;
  assert.ok(early > 0 && early <= 200, `${early} ms`);
  await clock.advanceAsync(60_000);
  add();
  await clock.advanceAsync(1_000);
  assert.equal(spool.waitMs, early + 61_000);
  store.answer = () => ({ kind: 'stored' });
  await clock.advanceAsync(60_000);
  assert.deepEqual({ lines: spool.lines, waitMs: spool.waitMs }, { lines: 0, waitMs: 0 });
});

test('while the store is away nothing but the probe talks to it', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, link } = pipelineTo(t, store);
  add();
  await clock.advanceAsync(200);
  const before = store.asked;
  for (let n = 0; n < 100; n += 1) {
    add();
    await clock.advanceAsync(100);
  }
  // Waits of a probe: 0.25 s, 0.5 s, 1 s, 2 s, 4 s, …
  assert.ok(store.asked - before <= 6, `${store.asked - before} requests`);
  assert.equal(link.up, false);
});

test('Retry-After is obeyed', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => ({ ...away, retryAfterMs: 120_000 });
  const { clock, add } = pipelineTo(t, store);
  add();
  await clock.advanceAsync(200);
  const before = store.asked;
  await clock.advanceAsync(119_000);
  assert.equal(store.asked, before);
  await clock.advanceAsync(2_000);
  assert.ok(store.asked > before);
});

test('a full spool refuses new readings and gives up none', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, ledger, settled } = pipelineTo(t, store, { spool: { maxSize: 50 } });
  for (let n = 0; n < 5; n += 1) {
    add();
    await clock.advanceAsync(200);
  }
  assert.equal(add(), false);
  assert.equal(ledger.total.spooled, settled.length);
  store.answer = () => ({ kind: 'stored' });
  await clock.advanceAsync(60_000);
  assert.equal(add(), true);
  await clock.advanceAsync(200);
  assert.equal(ledger.total.stored, settled.length);
  assert.equal(imbalance(ledger.total), 0);
});

test('full dead letters stop nobody: what the store refuses further is dropped by its name', async (t) => {
  const store = new ScriptedStore();
  store.refuseLines((line) => line.includes('bad'));
  const { clock, add, ledger, spool, refused, settled } = pipelineTo(t, store, {
    spool: { maxDeadLetters: 2 },
  });
  for (const at of [1, 2, 3]) add(`m,device=d-1,type=sensor bad=1 ${at}`);
  await clock.advanceAsync(200);
  assert.equal(refused.length, 3, 'the device is told of each');
  assert.equal(spool.deadLettersFull, true);
  assert.equal(add(), true);
  await clock.advanceAsync(200);
  assert.deepEqual([settled.length, ledger.total.stored], [4, 1]);
  // Lines that were acked while the store was away, too.
  store.answer = () => away;
  add('m,device=d-1,type=sensor bad=1 5');
  add('m,device=d-2,type=sensor v=1 6');
  await clock.advanceAsync(200);
  store.refuseLines((line) => line.includes('bad'));
  await clock.advanceAsync(60_000);
  assert.deepEqual([ledger.total.spooled, ledger.total.stored, ledger.total.deadLettered], [0, 2, 2]);
  assert.deepEqual(ledger.droppedBy, { 'dead-letters-full': 2 });
  assert.equal(await spool.purge({ all: true }), 2);
  assert.equal(spool.deadLettersFull, false);
  assert.equal(ledger.total.dropped, 4);
  assert.equal(imbalance(ledger.total), 0);
});

test('a device beyond its share of the dead letters loses its own lines alone, and gets its share back', async (t) => {
  const store = new ScriptedStore();
  store.refuseLines((line) => line.includes('bad'));
  const { clock, add, ledger, spool, disk } = pipelineTo(t, store, { spool: { maxDeadLetters: 1_000 } });
  const refuse = async (device: string, count: number, type = 'sensor'): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      add(`m,device=${device},site=s,type=${type} bad=1 ${Math.random()}`);
      await clock.advanceAsync(1);
    }
    await clock.advanceAsync(200);
  };
  const letters = (device: string): number => disk.letters.filter(({ account }) => account === device).length;
  await refuse('noisy', 130);
  await refuse('quiet', 3);
  assert.deepEqual([letters('noisy'), letters('quiet')], [100, 3]);
  assert.deepEqual(ledger.droppedBy, { 'dead-letter-share': 30 });
  assert.deepEqual([spool.droppedOf('noisy'), spool.droppedOf('quiet')], [30, 0]);
  for (let n = 0; n < 6; n += 1) await refuse(`same-${n}`, 90);
  assert.equal(disk.letters.filter(({ type }) => type === 'sensor').length, 500, 'a type has a share too');
  await refuse('other', 5, 'valve');
  assert.equal(letters('other'), 5);
  disk.fault = new Error('disk full');
  add('m,device=other,site=s,type=valve bad=1 9');
  await clock.advanceAsync(200);
  disk.fault = undefined;
  await clock.advanceAsync(2_000);
  assert.equal(letters('other'), 6, 'what found no disk took no room');
  await spool.purge({ device: 'noisy' });
  await refuse('noisy', 4);
  assert.equal(letters('noisy'), 4);
  assert.equal(imbalance(ledger.total), 0);
  assert.equal(ledger.total.deadLettered, disk.letters.length);
});

test('a line that is refused while it is drained becomes a dead letter, and is stored when retried later', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, ledger, spool, disk } = pipelineTo(t, store);
  add('m,device=d-1 bad=1 1');
  add('m,device=d-1 v=1 2');
  await clock.advanceAsync(200);
  store.refuseLines((line) => line.includes('bad'));
  await clock.advanceAsync(20_000);
  assert.deepEqual(
    disk.letters.map(({ account, line }) => [account, line]),
    [['d-1', 'm,device=d-1 bad=1 1']],
  );
  store.answer = () => ({ kind: 'stored' });
  assert.equal(await spool.retry({ device: 'd-1' }), 1);
  await clock.advanceAsync(1_000);
  const { stored, spooled, deadLettered } = ledger.total;
  assert.deepEqual({ stored, spooled, deadLettered }, { stored: 2, spooled: 0, deadLettered: 0 });
  assert.ok(store.stored.has('m,device=d-1 bad=1 1'));
});

test('one field of the wrong type in 5,000 lines costs a handful of writes', async (t) => {
  const store = new ScriptedStore();
  const reason =
    'partial write: field type conflict: input field "v" on measurement "m" is type string, already exists as type float';
  store.answer = (lines) => {
    const bad = lines.filter((line) => line.includes('v="')).length;
    return bad === 0
      ? { kind: 'stored' }
      : { kind: 'partial', reason, dropped: bad, blamed: { measurement: 'm', field: 'v' } };
  };
  const { clock, add, refused, settled, ledger } = pipelineTo(t, store);
  for (let n = 1; n <= 5_000; n += 1) add(n % 2 === 0 ? `m,device=d-1 v="x" ${n}` : `n,device=d-1 w=1 ${n}`);
  await clock.advanceAsync(200);
  assert.equal(refused.length, 2_500);
  assert.equal(settled.length, 5_000);
  assert.ok(store.writes.length < 10, `${store.writes.length} writes`);
  assert.equal(ledger.total.deadLettered, 2_500);
});

test('whatever the store and the disk do, the ledger balances and every settled reading is in one place', async () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 5 }), bad: fc.boolean() }),
    fc.record({ answer: fc.constantFrom('stored', 'away', 'refuse', 'never') }),
    fc.record({ disk: fc.boolean() }),
    fc.record({ wait: fc.integer({ min: 1, max: 5_000 }) }),
    fc.record({ purge: fc.constant(true) }),
    fc.record({ retry: fc.constant(true) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const store = new ScriptedStore();
      const clock = new ManualClock();
      const pipeline = testPipeline(
        { store, clock, log: silentLog },
        { spool: { maxSize: 300, maxDeadLetters: 5 }, writer: { bufferLines: 30, batchLines: 4 } },
      );
      const { ledger, writer, spool, disk } = pipeline;
      const account = ledger.account('d-1');
      const settled = new Set<number>();
      let seq = 0;
      const owner: FrameOwner = {
        account,
        stored: (of) => {
          assert.ok(!settled.has(of), 'settled once');
          settled.add(of);
        },
        refusedByStore: () => undefined,
      };
      const balanced = (): void => {
        assert.equal(imbalance(ledger.total), 0);
        assert.equal(imbalance(account), 0);
        assert.equal(ledger.total.inFlight, writer.waiting);
      };
      for (const now of steps) {
        if ('add' in now) {
          for (let n = 0; n < now.add; n += 1) {
            seq += 1;
            ledger.received(account, 1);
            const line = `m,device=d-1 ${now.bad ? 'bad' : 'v'}=1 ${seq}`;
            if (!writer.addReading(owner, seq, line)) ledger.rejected(account, 'overloaded', 1);
          }
        } else if ('answer' in now) {
          if (now.answer === 'refuse') store.refuseLines((line) => line.includes('bad'));
          else if (now.answer === 'never') store.answer = () => new Promise(() => undefined);
          else if (now.answer === 'away') store.answer = () => away;
          else store.answer = () => ({ kind: 'stored' });
        } else if ('disk' in now) disk.fault = now.disk ? undefined : new Error('disk full');
        else if ('purge' in now) await spool.purge({ all: true }).catch(() => 0);
        else if ('retry' in now) await spool.retry({ all: true }).catch(() => 0);
        else await clock.advanceAsync(now.wait);
        balanced();
      }
      store.answer = () => ({ kind: 'stored' });
      disk.fault = undefined;
      // A search for refused lines that is still under way may yet make dead letters: it ends before the retry.
      await clock.advanceAsync(120_000);
      await spool.retry({ all: true });
      await clock.advanceAsync(120_000);
      balanced();
      assert.equal(ledger.total.inFlight, 0);
      assert.equal(ledger.total.spooled, 0);
      for (const of of settled) {
        const lines = [`m,device=d-1 v=1 ${of}`, `m,device=d-1 bad=1 ${of}`];
        const safe = lines.some((line) => store.stored.has(line)) || ledger.total.dropped > 0;
        assert.ok(safe, `reading ${of} was settled and is nowhere`);
      }
      assert.equal(ledger.total.stored + ledger.total.dropped, settled.size);
      await pipeline.close();
    }),
    { numRuns: 1_000 },
  );
});

test('at the start the store is asked who it is, and what does not answer as one is an outage before the first write', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => ({ kind: 'stranger', reason: '200, not by InfluxDB: Welcome', status: 200 });
  const { clock, add, link, settled, ledger } = pipelineTo(t, store);
  link.start();
  await clock.advanceAsync(1);
  assert.match(link.fault ?? '', /not by InfluxDB: Welcome/);
  add();
  await clock.advanceAsync(200);
  assert.deepEqual([settled.length, ledger.total.spooled, store.stored.size], [1, 1, 0]);
  store.answer = () => ({ kind: 'stored' });
  await clock.advanceAsync(60_000);
  assert.deepEqual([link.up, ledger.total.stored], [true, 1]);
});

test('when the reserve of the disk is reached, readings for this disk stop first, and go on when there is room', async (t) => {
  for (const storeIsLocal of [true, false]) {
    const store = new ScriptedStore();
    const { clock, add, reserve, ledger, settled } = pipelineTo(t, store, { storeIsLocal });
    add();
    await clock.advanceAsync(200);
    reserve.reached = true;
    assert.equal(add(), !storeIsLocal, 'a store elsewhere takes them');
    await clock.advanceAsync(200);
    store.answer = () => away;
    reserve.reached = false;
    add();
    await clock.advanceAsync(200);
    reserve.reached = true;
    assert.equal(add(), false, 'the spool is on this disk');
    reserve.reached = false;
    assert.equal(add(), true);
    store.answer = () => ({ kind: 'stored' });
    await clock.advanceAsync(60_000);
    assert.equal(ledger.total.stored, settled.length);
    assert.equal(imbalance(ledger.total), 0);
  }
});
