import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { FrameOwner } from '../../../hub/telemetry/batch.ts';
import { imbalance } from '../../../hub/telemetry/ledger.ts';
import { Reconciliation } from '../../../hub/telemetry/reconciliation.ts';
import { SpoolAdoption } from '../../../hub/telemetry/spool-adoption.ts';
import { moveSpool } from '../../../hub/telemetry/spool-move.ts';
import type { AdoptedLines } from '../../../hub/telemetry/spool-store.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { MemorySpool } from '../../helpers/devices/memory-spool.ts';
import { testPipeline, type TestPipelineOptions } from '../../helpers/hubs/pipeline.ts';
import { ScriptedStore } from '../../helpers/hubs/scripted-store.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { badLetter, spoolEntry as entry } from '../../helpers/stores/spool-entry.ts';

/** A spool that is not on the hub's own disk: it may be away, and other hubs leave lines in it. */

const away = { kind: 'unavailable' as const, reason: '503 away' };

function pipelineTo(t: TestContext, store: ScriptedStore, options: TestPipelineOptions = {}) {
  const clock = new ManualClock();
  const pipeline = testPipeline({ store, clock, log: silentLog }, options);
  t.after(() => pipeline.close());
  const settled: number[] = [];
  const owner: FrameOwner = {
    account: pipeline.ledger.account('d-1'),
    stored: (seq) => settled.push(seq),
    refusedByStore: () => undefined,
  };
  let seq = 0;
  const add = (line = `m,device=d-1,type=a v=1 ${seq + 1}`): boolean => {
    seq += 1;
    pipeline.ledger.received(owner.account, 1);
    if (pipeline.writer.addReading(owner, seq, line)) return true;
    pipeline.ledger.rejected(owner.account, 'overloaded', 1);
    return false;
  };
  return { ...pipeline, clock, add, settled };
}

test('200 readings at once while the store is away are all settled, none before it is in the spool', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, settled, disk } = pipelineTo(t, store);
  for (let n = 0; n < 200; n += 1) assert.equal(add(), true);
  assert.deepEqual(settled, []);
  await clock.advanceAsync(1_200);
  assert.equal(settled.length, 200);
  assert.equal((await disk.levels()).lines, 200);
});

test('while neither takes anything devices keep their readings, and the spool says what that means', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, settled, disk, spool, writer } = pipelineTo(t, store);
  Object.assign(disk, { whenAway: 'devices keep their readings' });
  disk.fault = new Error('no PostgreSQL');
  assert.equal(add(), true);
  await clock.advanceAsync(200);
  assert.equal(writer.blocked, true);
  assert.equal(add(), false);
  assert.equal(spool.fault, 'no PostgreSQL; devices keep their readings');
  assert.deepEqual(settled, []);
  disk.fault = undefined;
  await clock.advanceAsync(1_100);
  assert.deepEqual(settled, [1]);
  assert.equal(spool.fault, undefined);
  assert.equal(add(), true);
});

test('after a fault of the spool one batch tries it again when none waits that would', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, settled, disk, spool, link } = pipelineTo(t, store);
  add();
  await clock.advanceAsync(200);
  disk.fault = new Error('disk full');
  await assert.rejects(spool.append(['m,device=d-1 v=1 9'], { 'd-1': 1 }, 19));
  assert.deepEqual([link.up, settled], [false, [1]]);
  assert.equal(add(), true, 'it may try');
  assert.equal(add(), false, 'it is waited for');
  await clock.advanceAsync(200);
  assert.deepEqual(settled, [1]);
  disk.fault = undefined;
  await clock.advanceAsync(1_100);
  assert.deepEqual(settled, [1, 2]);
  assert.equal(add(), true);
});

test('a line that the store refuses while dead letters are away is dropped and counted, and holds up nothing', async (t) => {
  const store = new ScriptedStore();
  const { clock, add, settled, disk, ledger, spool } = pipelineTo(t, store);
  Object.assign(disk, { whenAway: 'devices keep their readings' });
  disk.fault = new Error('no PostgreSQL');
  store.answer = (lines) =>
    lines.some((line) => line.includes('bad'))
      ? { kind: 'refused', reason: 'type conflict' }
      : { kind: 'stored' };
  add('m,device=d-1,type=a v="bad" 1');
  add();
  await clock.advanceAsync(2_000);
  assert.deepEqual(settled, [1, 2]);
  assert.deepEqual(ledger.droppedBy, { 'dead-letters-away': 1 });
  assert.equal(spool.droppedOf('d-1'), 1);
  assert.equal(ledger.total.stored, 1);
  assert.equal(imbalance(ledger.total), 0);
});

/** What hubs left, a page at a time. */
function leftBy(pages: readonly AdoptedLines[], disk: MemorySpool) {
  const rest = [...pages];
  const rooms: { size: number; deadLetters: number }[] = [];
  return {
    rooms,
    anyLeft: () => Promise.resolve(rest.length > 0),
    async adopt(room: { size: number; deadLetters: number }) {
      rooms.push(room);
      const page = room.size > 0 ? rest.shift() : undefined;
      if (page === undefined) return undefined;
      await disk.append(entry(page.oldestMs ?? 0, page.lines));
      await disk.addDeadLetters([badLetter('d-9')], 5);
      return page;
    },
  };
}

const page = (n: number, lines: number): AdoptedLines => ({
  lines,
  size: entry(n, lines).size,
  oldestMs: n,
  deadLetters: 1,
  spooled: entry(n, lines).shares,
  deadLettered: { 'd-9': 1 },
  deadLetteredTypes: { sensor: 1 },
});

test('lines that another hub left are booked as carried, wait with the others, and reach the store', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const { clock, add, disk, ledger, spool, writer } = pipelineTo(t, store);
  add();
  await clock.advanceAsync(1_200);
  const left = leftBy([page(1, 3), page(2, 4)], disk);
  const adoption = new SpoolAdoption({ spool, store: left, log: silentLog });
  await adoption.run();
  assert.deepEqual([spool.lines, ledger.total.carried, ledger.total.spooled], [8, 9, 8]);
  assert.equal(spool.levels.oldestMs, 1);
  const reconciliation = new Reconciliation({ ledger, writer, spool, clock, log: silentLog });
  assert.deepEqual(await reconciliation.run(), []);
  store.answer = () => ({ kind: 'stored' });
  await clock.advanceAsync(60_000);
  assert.deepEqual([spool.lines, ledger.account('d-1').stored, ledger.account('d-2').stored], [0, 4, 4]);
  assert.equal(imbalance(ledger.total), 0);
  assert.deepEqual(await reconciliation.run(), []);
});

test('what others left takes half of the room, so that devices of this hub find some', async (t) => {
  const store = new ScriptedStore();
  store.answer = () => away;
  const maxSize = entry(1, 10).size * 2;
  const { disk, spool } = pipelineTo(t, store, { spool: { maxSize, maxDeadLetters: 5 } });
  const left = leftBy([page(1, 10), page(2, 10)], disk);
  const adoption = new SpoolAdoption({ spool, store: left, log: silentLog });
  await adoption.run();
  assert.deepEqual([spool.lines, spool.full], [10, false]);
  assert.deepEqual(left.rooms, [
    { size: maxSize / 2, deadLetters: 5 },
    { size: 0, deadLetters: 4 },
  ]);
});

test('while beats are not answered the spool says so, and an answer ends that', async (t) => {
  const { disk, spool } = pipelineTo(t, new ScriptedStore());
  Object.assign(disk, { whenAway: 'devices keep their readings' });
  const adoption = new SpoolAdoption({ spool, store: leftBy([], disk), log: silentLog });
  adoption.unanswered();
  assert.equal(spool.fault, 'PostgreSQL does not answer; devices keep their readings');
  adoption.beaten();
  assert.equal(spool.fault, undefined);
});

test('a spool that is moved is elsewhere as it was: lines in their order, dead letters with their times', async () => {
  const [from, to] = [new MemorySpool(), new MemorySpool()];
  for (const n of [1, 2, 3]) await from.append(entry(n, 3_000));
  await from.addDeadLetters([badLetter('d-1'), badLetter('d-2')], 7);
  await from.addDeadLetters([badLetter('d-1', 'm,device=d-1,type=valve v=1 1')], 8);
  const before = { levels: await from.levels(), spooled: (await from.shares()).spooled };
  assert.deepEqual(await moveSpool(from, to), { lines: 9_000, deadLetters: 3 });
  assert.deepEqual({ levels: await to.levels(), spooled: (await to.shares()).spooled }, before);
  const lines = [1, 2, 3].flatMap((n) => entry(n, 3_000).lines);
  assert.deepEqual((await to.head({ lines: 1_000_000, size: 1_000_000_000 }))?.lines, lines);
  assert.deepEqual(
    to.letters.map(({ account, type, refusedMs }) => [account, type, refusedMs]),
    [
      ['d-1', '', 7],
      ['d-2', '', 7],
      ['d-1', 'valve', 8],
    ],
  );
  assert.deepEqual(await from.levels(), { lines: 0, size: 0, deadLetters: 0, oldestMs: null });
});
