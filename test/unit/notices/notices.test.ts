import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Notice, NoticeRequest } from '../../../schemas/api/notices.ts';
import { limits } from '../../../schemas/index.ts';
import { Notices, type NoticeStore } from '../../../hub/notices/notices.ts';
import { NoticeSpreads } from '../../../hub/notices/notice-spreads.ts';
import type { NoticesElsewhere } from '../../../hub/notices/notices-elsewhere.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { startSessions, turn } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { startMs } from '../../helpers/start-time.ts';

class MemoryNoticeStore implements NoticeStore {
  readonly rows = new Map<string, Notice>();
  isAway = false;

  load(): Promise<Notice[]> {
    return Promise.resolve([...this.rows.values()]);
  }

  save(notice: Notice): Promise<void> {
    this.rows.set(notice.id, notice);
    return Promise.resolve();
  }

  async take(id: string): Promise<boolean> {
    if (this.isAway) throw new HubError('database-failed');
    return this.rows.delete(id);
  }
}

/** @param shares of the jitter, in turn */
async function startNotices(
  t: TestContext,
  store = new MemoryNoticeStore(),
  shares: number[] = [],
  elsewhere?: Pick<NoticesElsewhere, 'finish'>,
) {
  const leader = { leads: true };
  const hub = await startSessions(t);
  let lastId = 0;
  const newId = (): string => `n${(lastId += 1)}`;
  const { clock, registry, sessions } = hub;
  const spreads = new NoticeSpreads({ clock, registry, sessions, share: () => shares.shift() ?? 0.5 });
  const notices = new Notices({
    clock,
    registry,
    spreads,
    log: silentLog,
    store,
    newId,
    leads: () => leader.leads,
    elsewhere,
  });
  t.after(() => notices.close());
  return { ...hub, notices, spreads, notes: store, leader };
}

const data = { text: 'hello' };

test('a notice goes to every open session the selector means; each device is counted once', async (t) => {
  const { notices, open, connect, counters } = await startNotices(t);
  const first = await open('d1');
  const congested = await open('d2');
  const unopened = connect('d1');
  congested.socket.bufferedAmount = 70_000;
  const all = await notices.push({ to: 'all', topic: 'news', data });
  assert.deepEqual(all.report, { matched: 2, sent: 1, dropped: 1, offline: 0, tooLarge: 0 });
  assert.deepEqual(first.socket.of('notice'), [{ type: 'notice', topic: 'news', data }]);
  assert.equal(congested.socket.of('notice').length + unopened.socket.of('notice').length, 0);
  assert.equal(counters.noticesDropped, 1);
  assert.equal(congested.socket.closedWith, undefined);
  first.session.closed(1006, '');
  const one = await notices.push({ to: 'type=sensor,site=lab,id=d1', topic: 'news', data });
  assert.deepEqual(one.report, { matched: 1, sent: 0, dropped: 0, offline: 1, tooLarge: 0 });
  assert.deepEqual(notices.counters, { sent: 1, dropped: 1, offline: 1, tooLarge: 0, missed: 0 });
});

test('a selector that means nobody is answered so, an unknown id and a bad selector are refused', async (t) => {
  const { notices } = await startNotices(t);
  const nobody = await notices.push({ to: 'site=nowhere', topic: 'news', data });
  assert.equal(nobody.report?.matched, 0);
  const refused = async (to: string, code: string): Promise<void> => {
    const push = notices.push({ to, topic: 'news', data });
    await assert.rejects(push, (error) => error instanceof HubError && error.code === code);
  };
  await refused('d99', 'device-unknown');
  await refused('site=', 'input-invalid');
  await refused('a b', 'input-invalid');
});

test('a scheduled notice is kept on disk, sent at its time to those who are there then, and listed', async (t) => {
  const { notices, notes, clock, open } = await startNotices(t);
  const notice = await notices.push({ to: 'all', topic: 'news', data, atMs: startMs + 20_000 });
  assert.equal(notice.report, undefined);
  assert.equal(notes.rows.size, 1);
  const device = await open('d1');
  clock.advance(19_999);
  assert.equal(device.socket.of('notice').length, 0);
  clock.advance(1);
  await turn();
  assert.equal(device.socket.of('notice').length, 1);
  assert.equal(notes.rows.size, 0);
  assert.deepEqual(notices.list()[0]?.report, { matched: 2, sent: 1, dropped: 0, offline: 1, tooLarge: 0 });
});

test('a restarted hub sends what it was to send, but not what is long past', async (t) => {
  const store = new MemoryNoticeStore();
  const base = { to: 'all', topic: 'news', data, createdMs: 0 };
  await store.save({ ...base, id: 'late', atMs: startMs - 299_000 });
  await store.save({ ...base, id: 'past', atMs: startMs - 301_000 });
  const { notices, clock, open } = await startNotices(t, store);
  const device = await open('d1');
  await notices.load();
  await clock.advanceAsync(1);
  assert.equal(device.socket.of('notice').length, 1);
  assert.equal(notices.counters.missed, 1);
  assert.equal(store.rows.size, 0);
  assert.equal(notices.list().find(({ id }) => id === 'past')?.missed, true);
});

test('a time in the past, or years away, is refused', async (t) => {
  const { notices } = await startNotices(t);
  for (const atMs of [startMs, startMs - 1, startMs + 400 * 86_400_000]) {
    await assert.rejects(notices.push({ to: 'all', topic: 'news', data, atMs }), /atMs must be a time/);
  }
});

test('a notice with jitter reaches each device at its own moment, and is counted as any other', async (t) => {
  const { notices, clock, open } = await startNotices(t, undefined, [0.75, 0.25]);
  const [first, second] = [await open('d1'), await open('d2')];
  const spread = notices.sendWithJitter({ to: 'all', topic: 'news', data }, 10_000);
  const told = (): number[] => [first, second].map(({ socket }) => socket.of('notice').length);
  await clock.advanceAsync(2_499);
  assert.deepEqual(told(), [0, 0]);
  await clock.advanceAsync(1);
  assert.deepEqual(told(), [0, 1]);
  first.session.closed(1006, '');
  await clock.advanceAsync(5_000);
  const { report } = await spread;
  assert.deepEqual(report, { matched: 2, sent: 1, dropped: 0, offline: 1, tooLarge: 0 });
  assert.deepEqual(notices.counters, { sent: 1, dropped: 0, offline: 1, tooLarge: 0, missed: 0 });
  assert.deepEqual(notices.list()[0]?.report, report);
});

test('what is still to be sent when the hub stops is counted as dropped', async (t) => {
  const { notices, spreads, open } = await startNotices(t);
  const device = await open('d1');
  const spread = notices.sendWithJitter({ to: 'all', topic: 'news', data }, 10_000);
  await turn();
  spreads.close();
  assert.deepEqual((await spread).report, { matched: 2, sent: 0, dropped: 1, offline: 1, tooLarge: 0 });
  assert.equal(device.socket.of('notice').length, 0);
});

test('one alone has half of all scheduled notices, and another still schedules one', async (t) => {
  const { notices } = await startNotices(t);
  const schedule = (actor: string) =>
    notices.push({ to: 'all', topic: 'news', data, atMs: startMs + 60_000 }, actor);
  for (let number = 0; number < 500; number += 1) await schedule('token:greedy');
  await assert.rejects(schedule('token:greedy'), /you have 500, all together 500 of 1000/);
  assert.equal((await schedule('operator:anna')).actor, 'operator:anna');
});

test('the notice of a schedule reports how many devices have it, and why not the others', async (t) => {
  const { notices, open } = await startNotices(t);
  const send = (given: Partial<NoticeRequest>, jitterMs = 0) =>
    notices.sendScheduled('nightly', { to: 'all', topic: 'news', data, ...given }, jitterMs);
  assert.deepEqual(await send({}), { reached: 0, over: true, reason: '2 offline', impossible: false });
  await open('d1');
  assert.deepEqual(await send({}), { reached: 1, over: true, reason: '1 offline', impossible: false });
  await open('d2');
  const tooLong = await send({ data: 'x'.repeat(limits.frameBytes) });
  assert.deepEqual(tooLong, {
    reached: 0,
    over: true,
    reason: '2 too long for the frames that the device takes (hello.maxFrame)',
    impossible: true,
  });
  const bad = await send({ to: 'a b' });
  assert.deepEqual([bad.reached, bad.over, bad.impossible], [0, true, true]);
});

test('a notice goes to the devices of other hubs as well: its report counts them, and names hubs that did not answer', async (t) => {
  const orders: unknown[] = [];
  const { notices, open } = await startNotices(t, undefined, [], {
    async finish(order) {
      orders.push(order);
      return { delivered: { sent: 1, dropped: 0, tooLarge: 0 }, silentHubs: ['c'] };
    },
  });
  await open('d1');
  const { report } = await notices.push({ to: 'all', topic: 'news', data });
  assert.deepEqual(report, { matched: 2, sent: 2, dropped: 0, offline: 0, tooLarge: 0, silentHubs: ['c'] });
  assert.deepEqual(orders, [{ id: 'n1', to: 'all', topic: 'news', data, jitterMs: 0 }]);
  const { sent, offline } = notices.counters;
  assert.deepEqual([sent, offline], [1, 0], 'each hub counts what it has sent');
});

test('a notice that another hub asks for again is not sent again, and how far it is is answered', async (t) => {
  const { spreads, open, clock } = await startNotices(t, undefined, [0.1, 0.9]);
  const [first, second] = [await open('d1'), await open('d2')];
  const order = { id: 'of-b', to: 'all', topic: 'news', data, jitterMs: 10_000, outMs: clock.monotonic() };
  assert.deepEqual(await spreads.begin(order), {
    delivered: { sent: 0, dropped: 0, tooLarge: 0 },
    isOver: false,
  });
  await clock.advanceAsync(1_000);
  assert.deepEqual([(await spreads.begin(order)).delivered.sent, first.socket.of('notice').length], [1, 1]);
  await clock.advanceAsync(9_000);
  const over = await spreads.begin(order);
  assert.deepEqual([over.delivered.sent, over.isOver], [2, true]);
  assert.deepEqual([first.socket.of('notice').length, second.socket.of('notice').length], [1, 1]);
});

test('a hub that does not lead any more leaves what is scheduled to the one that does', async (t) => {
  const { notices, notes, leader, clock, open } = await startNotices(t);
  const device = await open('d1');
  await notices.push({ to: 'all', topic: 'news', data, atMs: startMs + 20_000 });
  leader.leads = false;
  await clock.advanceAsync(20_000);
  assert.deepEqual([device.socket.of('notice').length, notes.rows.size], [0, 1]);
  leader.leads = true;
  // It leads again, twice.
  await notices.load();
  await notices.load();
  await clock.advanceAsync(1);
  assert.deepEqual([device.socket.of('notice').length, notes.rows.size], [1, 0]);
});

test('a scheduled notice that another hub has taken from the store is not sent again', async (t) => {
  const { notices, notes, clock, open } = await startNotices(t);
  const device = await open('d1');
  await notices.push({ to: 'all', topic: 'news', data, atMs: startMs + 20_000 });
  notes.rows.clear();
  await clock.advanceAsync(20_000);
  assert.deepEqual([device.socket.of('notice').length, notices.list().length], [0, 0]);
});

test('a scheduled notice waits while its store is away, and is missed after five minutes', async (t) => {
  const { notices, notes, clock, open } = await startNotices(t);
  const device = await open('d1');
  for (const waitMs of [20_000, 400_000])
    await notices.push({ to: 'all', topic: 'news', data, atMs: clock.now() + waitMs });
  notes.isAway = true;
  await clock.advanceAsync(30_000);
  assert.deepEqual([device.socket.of('notice').length, notices.list().length], [0, 2]);
  notes.isAway = false;
  await clock.advanceAsync(1_000);
  assert.equal(device.socket.of('notice').length, 1);
  notes.isAway = true;
  await clock.advanceAsync(670_000);
  notes.isAway = false;
  await clock.advanceAsync(1_000);
  assert.deepEqual([device.socket.of('notice').length, notices.counters.missed, notes.rows.size], [1, 1, 0]);
});

test('a device that came from another hub after a notice had gone out may have it from there, and does not get it again', async (t) => {
  const { spreads, notices, open, clock } = await startNotices(t);
  const [stayed, came] = [await open('d1'), await open('d2')];
  const told = (): number[] => [stayed, came].map(({ socket }) => socket.of('notice').length);
  const order = { to: 'all', topic: 'news', data, jitterMs: 0 };
  await clock.advanceAsync(10_000);
  spreads.moved('d1', 1, { commands: 1 });
  spreads.moved('d2', 2, { from: 'b', commands: 0 });
  await clock.advanceAsync(3_000);
  // When it went out, the device was at hub b still.
  await spreads.begin({ ...order, id: 'one', outMs: spreads.nowMs - 3_001 });
  assert.deepEqual(told(), [1, 0]);
  await spreads.begin({ ...order, id: 'two', outMs: spreads.nowMs - 3_000 });
  assert.deepEqual(told(), [2, 1]);
  // What this hub itself sends is nowhere else before.
  spreads.moved('d2', 3, { from: 'c', commands: 0 });
  await notices.push({ to: 'all', topic: 'news', data });
  assert.deepEqual(told(), [3, 2]);
});

test('a device that comes from another hub before its moment gets the notice here', async (t) => {
  const { spreads, open, clock } = await startNotices(t, undefined, [0.5, 0.9]);
  const [first, second] = [await open('d1'), await open('d2')];
  const order = {
    id: 'of-b',
    to: 'all',
    topic: 'news',
    data,
    jitterMs: 10_000,
    outMs: spreads.nowMs - 6_000,
  };
  // The moments were a second ago, and are in three seconds.
  for (const id of ['d1', 'd2']) spreads.moved(id, 2, { from: 'b', commands: 0 });
  await spreads.begin(order);
  await clock.advanceAsync(10_000);
  assert.deepEqual([first.socket.of('notice').length, second.socket.of('notice').length], [0, 1]);
});

test('a scheduled notice that was taken from its store by a try whose answer was lost is sent', async (t) => {
  const { notices, notes, clock, open } = await startNotices(t);
  const device = await open('d1');
  await notices.push({ to: 'all', topic: 'news', data, atMs: startMs + 20_000 });
  notes.isAway = true;
  await clock.advanceAsync(20_000);
  notes.rows.clear();
  notes.isAway = false;
  await clock.advanceAsync(1_000);
  assert.deepEqual([device.socket.of('notice').length, notices.list().length], [1, 1]);
});

test('a notice of another hub that waits for its moments is not forgotten for others, and one that is long past is missed', async (t) => {
  const { spreads, open, clock } = await startNotices(t);
  const device = await open('d1');
  const order = { to: 'id=d1', topic: 'news', data };
  const slow = { ...order, id: 'slow', jitterMs: 4_000, outMs: spreads.nowMs };
  await spreads.begin(slow);
  for (let n = 0; n < 1_200; n += 1)
    await spreads.begin({ ...order, id: `n-${n}`, jitterMs: 0, outMs: spreads.nowMs });
  assert.equal(device.socket.of('notice').length, 1_200);
  await clock.advanceAsync(1_000);
  await spreads.begin(slow);
  await clock.advanceAsync(2_000);
  assert.equal(device.socket.of('notice').length, 1_201);
  await spreads.begin({ ...order, id: 'late', jitterMs: 0, outMs: spreads.nowMs - 6_000 });
  assert.equal(device.socket.of('notice').length, 1_201);
});
