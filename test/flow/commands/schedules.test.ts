import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { NewSchedule } from '../../../schemas/api/commands/schedules.ts';
import { parseCron } from '../../../hub/adapters/cron.ts';
import type { Schedule } from '../../../hub/schedules/schedule.ts';
import type { RunReport } from '../../../hub/schedules/run-report.ts';
import { Schedules, type ScheduleStore } from '../../../hub/schedules/schedules.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { isoTime } from '../../../schemas/index.ts';
import { log } from '../../helpers/hubs/dispatcher.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

type Outcome = { kind: 'sent' } | { kind: 'refused'; reason: string };

class MemoryStore implements ScheduleStore {
  readonly rows = new Map<string, Schedule>();

  load(): Promise<Schedule[]> {
    return Promise.resolve([...this.rows.values()]);
  }

  save(schedule: Schedule): Promise<void> {
    this.rows.set(schedule.name, schedule);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.rows.delete(name);
    return Promise.resolve();
  }
}

function world(t: TestContext, outcomes: Outcome[] = []) {
  const clock = new ManualClock(start);
  const store = new MemoryStore();
  const ids: string[] = [];
  const running = new Set<string>();
  const notices: string[] = [];
  /** What becomes of the notices that follow, and what the hub knows of runs that it resumes. */
  const noticed: RunReport[] = [];
  const reports = new Map<string, RunReport>();
  const trusted = { now: true };
  const alarms: string[] = [];
  let keys = 0;
  let schedules: Schedules | undefined;
  const restart = async (): Promise<Schedules> => {
    schedules?.close();
    schedules = new Schedules({
      clock,
      log,
      store,
      newRunKey: () => `key${(keys += 1)}`,
      parseCron,
      select: (to) => Promise.resolve(to === 'nobody' ? [] : ['d1']),
      checkCommand: (to) => Promise.resolve(to === 'nobody' ? 0 : 1),
      refused: (name, raised) => void alarms.push(`${name} ${raised ? 'raised' : 'settled'}`),
      command: (_schedule, _action, id) => {
        ids.push(id);
        return Promise.resolve(outcomes.shift() ?? { kind: 'sent' });
      },
      clockTrusted: () => trusted.now,
      runs: (id) => Promise.resolve(running.has(id)),
      notice: ({ name }) => {
        notices.push(name);
        return Promise.resolve(noticed.shift() ?? { reached: 1, over: true });
      },
      runReport: (id) => Promise.resolve(reports.get(id)),
    });
    await schedules.start();
    return schedules;
  };
  t.after(() => schedules?.close());
  return { clock, store, ids, running, notices, noticed, reports, alarms, trusted, restart };
}

const hourly: NewSchedule = {
  name: 'hourly',
  cron: '0 * * * *',
  timeZone: 'UTC',
  to: 'all',
  action: { kind: 'command', name: 'identify', params: {} },
  catchUp: 'skip',
  jitterMs: 0,
  paused: false,
};
const hour = 3_600_000;

test('a clock stepped back fires nothing twice', async (t) => {
  const { clock, ids, restart } = world(t);
  const schedules = await restart();
  await schedules.add(hourly);
  await clock.advanceAsync(2 * hour + 1_000);
  assert.equal(ids.length, 2);
  clock.setNow(start + hour - 1_000);
  await clock.advanceAsync(hour);
  await restart();
  await clock.advanceAsync(1_000);
  assert.equal(new Set(ids).size, 2);
  assert.equal(ids.length, 2);
  await clock.advanceAsync(2 * hour);
  assert.equal(ids.length, 4);
});

test('times missed while the hub was away are left out, or the last one is made up for', async (t) => {
  for (const [catchUp, expected] of [
    ['skip', 0],
    ['once', 1],
  ] as const) {
    const { clock, ids, restart } = world(t);
    const before = await restart();
    await before.add({ ...hourly, catchUp });
    before.close();
    await clock.advanceAsync(5.5 * hour);
    await restart();
    await clock.advanceAsync(1_000);
    assert.equal(ids.length, expected, catchUp);
    await clock.advanceAsync(hour);
    assert.equal(ids.length, expected + 1, catchUp);
  }
});

test('a run that is not over is not overlapped', async (t) => {
  const { clock, ids, running, restart } = world(t);
  const schedules = await restart();
  await schedules.add(hourly);
  await clock.advanceAsync(hour + 1_000);
  running.add(ids[0] ?? '');
  await clock.advanceAsync(hour);
  assert.equal(ids.length, 1);
  assert.equal(schedules.counters.overlapped, 1);
  running.clear();
  await clock.advanceAsync(hour);
  assert.equal(ids.length, 2);
});

test('a time that is no date is refused at the request, and one that is stored already spoils nobody else', async (t) => {
  const { restart, store } = world(t);
  const schedules = await restart();
  const { cron: _cron, ...once } = hourly;
  for (const atMs of [8.64e15 + 1, start * 1_000_000, start / 1_000, start, 0, -1, Infinity, Number.NaN]) {
    await assert.rejects(schedules.add({ ...once, name: 'nano', atMs }), /atMs/, String(atMs));
  }
  await store.save({ ...once, name: 'nano', atMs: start * 1_000_000, createdMs: start });
  await schedules.add(hourly);
  const again = await restart();
  assert.deepEqual(
    again.list().map(({ name, atMs }) => [name, atMs === undefined ? '' : isoTime(atMs)]),
    [
      ['hourly', ''],
      ['nano', `no date (${start * 1_000_000})`],
    ],
  );
});

test('a one-off comes once, and a paused schedule goes on with the times to come', async (t) => {
  const { clock, notices, ids, restart } = world(t);
  const schedules = await restart();
  const { cron: _cron, ...once } = hourly;
  await schedules.add({
    ...once,
    name: 'once',
    atMs: start + hour,
    action: { kind: 'notice', topic: 'x', data: 1 },
  });
  await schedules.add(hourly);
  await schedules.pause('hourly', true);
  await clock.advanceAsync(3.5 * hour);
  assert.deepEqual([notices, ids.length], [['once'], 0]);
  await schedules.pause('hourly', false);
  await clock.advanceAsync(hour);
  assert.equal(ids.length, 1);
  await assert.rejects(schedules.add({ ...hourly, name: 'z', timeZone: 'Mars' }), /timeZone/);
  await assert.rejects(schedules.add(hourly), { code: 'schedule-exists' });
});

void test('while the clock is doubted nothing fires; once it is right, what ran ahead goes on from now', async (t) => {
  const { clock, store, ids, trusted, restart } = world(t);
  const schedules = await restart();
  await schedules.add(hourly);
  clock.setNow(start + 30 * 24 * hour + 100);
  trusted.now = false;
  await clock.advanceAsync(2 * hour);
  assert.equal(ids.length, 0);
  // A run before had not noticed.
  store.rows.set('hourly', { ...hourly, createdMs: start, lastMs: start + 3_650 * 24 * hour });
  clock.setNow(start + 100);
  const again = await restart();
  assert.equal(ids.length, 0);
  trusted.now = true;
  await again.clockBelieved();
  assert.equal(again.list()[0]?.nextMs, start + hour);
  await clock.advanceAsync(hour);
  assert.equal(ids.length, 1);
  store.rows.set('hourly', { ...hourly, createdMs: start, lastMs: start + 3_650 * 24 * hour });
  assert.equal(
    (await restart()).list()[0]?.nextMs,
    start + 2 * hour,
    'at a start by a clock that is believed too',
  );
});

test('the last outcome of a schedule is kept over a restart, and refusals in a row raise an alarm until one is sent', async (t) => {
  const refused = { kind: 'refused', reason: 'unknown-command' } as const;
  const outcomes: Outcome[] = [refused];
  const { clock, ids, running, alarms, restart } = world(t, outcomes);
  let schedules = await restart();
  const last = (): unknown[] =>
    schedules.list().map(({ lastOutcome, refusedInRow }) => [lastOutcome, refusedInRow]);
  await schedules.add(hourly);
  await clock.advanceAsync(hour + 1_000);
  schedules = await restart();
  assert.deepEqual([last(), alarms], [[[refused, 1]], []]);
  outcomes.push(refused);
  await clock.advanceAsync(hour);
  assert.deepEqual([last(), alarms], [[[refused, 2]], ['hourly raised']]);
  await clock.advanceAsync(hour);
  assert.deepEqual([last(), alarms.slice(1)], [[[{ kind: 'sending' }, 0]], ['hourly settled']]);
  running.add(ids.at(-1) ?? '');
  await clock.advanceAsync(hour);
  assert.deepEqual(last(), [[{ kind: 'overlapped' }, 0]]);
  schedules.close();
  await clock.advanceAsync(2.5 * hour);
  schedules = await restart();
  await clock.advanceAsync(1_000);
  assert.deepEqual(last(), [[{ kind: 'missed' }, 0]]);
});

test('a notice that would go to nobody is refused, and so it is said', async (t) => {
  const { clock, notices, restart } = world(t);
  const schedules = await restart();
  const action = { kind: 'notice', topic: 'x', data: 1 } as const;
  assert.equal((await schedules.add({ ...hourly, to: 'nobody', action })).devices, 0);
  await clock.advanceAsync(hour + 1_000);
  assert.deepEqual(notices, []);
  assert.equal(schedules.list()[0]?.lastOutcome?.kind, 'refused');
});

test('one alone has half of all schedules, is told what its share is, and another still adds one', async (t) => {
  const { restart } = world(t);
  const schedules = await restart();
  const add = (number: number, actor: string) => schedules.add({ ...hourly, name: `s-${number}` }, actor);
  for (let number = 0; number < 500; number += 1) await add(number, 'token:greedy');
  await assert.rejects(add(500, 'token:greedy'), /you have 500, all together 500 of 1000/);
  assert.equal((await add(501, 'operator:anna')).actor, 'operator:anna');
});

test('no run has the id of another, also not of a schedule that had the name before, and none tells the next ones', async (t) => {
  const { clock, ids, restart } = world(t);
  const schedules = await restart();
  const { cron: _cron, ...soon } = hourly;
  const view = await schedules.add({ ...soon, atMs: start + 250 });
  await clock.advanceAsync(300);
  await schedules.remove(view.name);
  await schedules.add({ ...soon, atMs: start + 900 });
  await clock.advanceAsync(1_000);
  assert.equal(new Set(ids).size, 2);
  for (const id of ids) assert.match(id, /^hourly-[\w-]{16}$/);
  assert.doesNotMatch(JSON.stringify([view, ids, schedules.list()]), /key\d/);
});

test('a run is sent once a device has it, and unreached when it is over and none got it', async (t) => {
  const { clock, ids, store, restart } = world(t);
  const schedules = await restart();
  const kind = (): unknown => schedules.list()[0]?.lastOutcome;
  await schedules.add(hourly);
  await clock.advanceAsync(hour + 1_000);
  assert.deepEqual(kind(), { kind: 'sending' });
  schedules.runReported('of-somebody-else', { reached: 1, over: true });
  schedules.runReported(ids[0] ?? '', { reached: 0, over: false, reason: '1 queued' });
  await clock.advanceAsync(0);
  assert.deepEqual(kind(), { kind: 'sending' });
  schedules.runReported(ids[0] ?? '', { reached: 1, over: false });
  await clock.advanceAsync(0);
  assert.deepEqual(kind(), { kind: 'sent' });
  await clock.advanceAsync(hour);
  schedules.runReported(ids[1] ?? '', { reached: 0, over: true, reason: '1 rejected (offline)' });
  await clock.advanceAsync(0);
  const unreached = { kind: 'unreached', reason: '1 rejected (offline)' };
  assert.deepEqual([kind(), store.rows.get('hourly')?.lastOutcome], [unreached, unreached]);
  assert.equal(schedules.counters.unreached, 1);
  assert.equal(schedules.counters.fired, 2);
});

test('a run that was under way when the hub ended is judged at the next start', async (t) => {
  const { clock, ids, store, reports, restart } = world(t);
  const action = { kind: 'notice', topic: 'x', data: 1 } as const;
  let schedules = await restart();
  await schedules.add(hourly);
  await clock.advanceAsync(hour + 1_000);
  reports.set(ids[0] ?? '', { reached: 0, over: true, reason: '2 expired' });
  schedules = await restart();
  await clock.advanceAsync(0);
  assert.deepEqual(schedules.list()[0]?.lastOutcome, { kind: 'unreached', reason: '2 expired' });
  await schedules.remove('hourly');
  await schedules.add({ ...hourly, action });
  const [row] = [...store.rows.values()];
  assert.ok(row);
  store.rows.set('hourly', { ...row, lastMs: start + hour, lastOutcome: { kind: 'sending' } });
  schedules = await restart();
  assert.deepEqual(schedules.list()[0]?.lastOutcome, {
    kind: 'missed',
    reason: 'the hub ended while it was sent',
  });
});

test('a run whose commands another hub has taken over is judged by what the store knows of it', async (t) => {
  const { clock, ids, reports, restart } = world(t);
  const schedules = await restart();
  await schedules.add(hourly);
  await clock.advanceAsync(hour);
  const outcome = () => schedules.list()[0]?.lastOutcome?.kind;
  await clock.advanceAsync(10_000);
  assert.equal(outcome(), 'sending');
  const [id = ''] = ids;
  reports.set(id, { reached: 1, over: true });
  await clock.advanceAsync(5_000);
  assert.equal(outcome(), 'sent');
});

test('a hub that leads again knows no schedule that another one has removed meanwhile, and fires each once', async (t) => {
  const { clock, store, ids, restart } = world(t);
  const schedules = await restart();
  await schedules.add(hourly);
  await schedules.add({ ...hourly, name: 'removed' });
  store.rows.delete('removed');
  await schedules.start();
  assert.deepEqual(
    schedules.list().map(({ name }) => name),
    ['hourly'],
  );
  await clock.advanceAsync(hour + 1_000);
  assert.equal(ids.length, 1);
  assert.deepEqual([...store.rows.keys()], ['hourly']);
});

test('a notice that no device can ever take is refused, and twice in a row it is an alarm', async (t) => {
  const { clock, noticed, alarms, restart } = world(t);
  const schedules = await restart();
  const action = { kind: 'notice', topic: 'x', data: 1 } as const;
  const reason = '3 too long for the frames that the device takes (hello.maxFrame)';
  noticed.push(
    { reached: 0, over: true, reason: '1 offline' },
    { reached: 0, over: true, impossible: true, reason },
    { reached: 0, over: true, impossible: true, reason },
    { reached: 2, over: true, reason: '1 offline' },
  );
  await schedules.add({ ...hourly, action });
  const seen: unknown[] = [];
  for (let time = 1; time <= 4; time += 1) {
    await clock.advanceAsync(hour + (time === 1 ? 1_000 : 0));
    seen.push(schedules.list()[0]?.lastOutcome);
  }
  assert.deepEqual(seen, [
    { kind: 'unreached', reason: '1 offline' },
    { kind: 'refused', reason },
    { kind: 'refused', reason },
    { kind: 'sent' },
  ]);
  assert.deepEqual(alarms, ['hourly raised', 'hourly settled']);
});

test('a time that never comes is refused as such, in each zone; a day of the week makes it come', async (t) => {
  const { restart } = world(t);
  const schedules = await restart();
  for (const cron of ['0 0 30 2 *', '0 0 0 31 4,6,9,11 *', '0 0 31 2 */2'])
    await assert.rejects(schedules.add({ ...hourly, cron }), /cron.*a time that comes: no such day/, cron);
  for (const cron of ['0 0 32 2 *', '0 0 0 2 *', '0 0 1 13 *', '* * *', '', '0 0 L 2 *', '0 0 0 0 1 1 *'])
    await assert.rejects(schedules.add({ ...hourly, cron }), /cron.*five fields/, cron);
  // crontab(5): either of two restricted day fields is enough.
  const { nextMs } = await schedules.add({ ...hourly, cron: '0 0 31 2 1' });
  assert.equal(isoTime(nextMs ?? 0), '2026-02-02T00:00:00.000Z');
});

test('a changed schedule goes by its new times, keeps what became of the old ones, and is judged like a new one', async (t) => {
  const { clock, ids, alarms, store, restart } = world(t, [{ kind: 'refused', reason: 'no such command' }]);
  const schedules = await restart();
  await schedules.add(hourly);
  await clock.advanceAsync(2 * hour + 1_000);
  const { name: _, ...rest } = hourly;
  const change = { ...rest, cron: '30 * * * *' };
  await assert.rejects(schedules.change('hourly', { ...change, cron: '99 * * * *' }), /cron/);
  await assert.rejects(schedules.change('nope', change), /no schedule with this name/);
  const changed = await schedules.change('hourly', change, 'operator:anna');
  assert.equal(isoTime(changed.nextMs ?? 0), '2026-01-01T02:30:00.000Z');
  assert.deepEqual(alarms, ['hourly settled']);
  const again = await restart();
  await clock.advanceAsync(hour);
  const [after] = again.list();
  assert.deepEqual(
    after?.runs?.map(({ atMs, kind, reason, id }) => [isoTime(atMs).slice(11, 16), kind, reason, id]),
    [
      ['02:30', 'sending', undefined, ids[2]],
      ['02:00', 'sending', undefined, ids[1]],
      ['01:00', 'refused', 'no such command', undefined],
    ],
  );
  assert.equal(new Set(ids).size, 3);
  await clock.advanceAsync(20 * hour);
  assert.equal(store.rows.get('hourly')?.runs?.length, 10);
});
