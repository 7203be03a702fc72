import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCron } from '../../../hub/adapters/cron.ts';
import { Scheduler, type Job } from '../../../hub/schedules/scheduler.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const minute = 60_000;

function startScheduler() {
  const clock = new ManualClock();
  const scheduler = new Scheduler({ clock, log: silentLog });
  scheduler.start();
  return { clock, scheduler };
}

function job(name: string, run: Job['run'], cron = '*/5 * * * *'): Job {
  const times = parseCron(cron);
  assert.ok(times);
  return { name, times, timeZone: 'UTC', run };
}

test('a job runs at its times', async () => {
  const { clock, scheduler } = startScheduler();
  const runs: number[] = [];
  scheduler.add(job('snapshot', () => void runs.push(clock.now())));
  const start = clock.now();
  await clock.advanceAsync(10 * minute);
  assert.deepEqual(runs, [start + 5 * minute, start + 10 * minute]);
  assert.deepEqual(scheduler.counters, { runs: 2, failures: 0, missed: 0 });
});

test('a job with two restricted day fields runs on the days of either', async () => {
  const { clock, scheduler } = startScheduler();
  const days: string[] = [];
  scheduler.add(
    job('notice', () => void days.push(new Date(clock.now()).toISOString().slice(0, 10)), '0 4 1,15 * 5'),
  );
  clock.setNow(Date.parse('2026-01-02T03:59:59Z'));
  await clock.advanceAsync(minute);
  clock.setNow(Date.parse('2026-01-15T03:59:59Z'));
  await clock.advanceAsync(minute);
  assert.deepEqual(days, ['2026-01-02', '2026-01-15']);
  assert.equal(scheduler.counters.missed, 2, 'those of the 1st and the 9th');
});

test('a run that fails, immediately or later, is counted, and the next one comes', async () => {
  const { clock, scheduler } = startScheduler();
  const outcomes: Job['run'][] = [
    () => {
      throw new Error('immediately');
    },
    () => Promise.reject(new Error('later')),
    () => {},
  ];
  scheduler.add(job('flaky', () => outcomes.shift()?.()));
  await clock.advanceAsync(15 * minute);
  assert.deepEqual(scheduler.counters, { runs: 3, failures: 2, missed: 0 });
});

test('a time is missed while the process is blocked, and while the run before is not over', async () => {
  const { clock, scheduler } = startScheduler();
  const run = Promise.withResolvers<void>();
  scheduler.add(job('slow', () => run.promise));
  clock.setNow(clock.now() + 5 * minute + 2_000);
  await clock.advanceAsync(500);
  assert.deepEqual(scheduler.counters, { runs: 0, failures: 0, missed: 1 });
  await clock.advanceAsync(10 * minute);
  assert.deepEqual(scheduler.counters, { runs: 1, failures: 0, missed: 2 });
  run.resolve();
  await clock.advanceAsync(5 * minute);
  assert.equal(scheduler.counters.runs, 2);
});

test('a clock that was ahead and is set back keeps no job waiting', async () => {
  const { clock, scheduler } = startScheduler();
  let runs = 0;
  scheduler.add(job('snapshot', () => void (runs += 1)));
  const start = clock.now();
  clock.setNow(start + 365 * 24 * 60 * minute);
  await clock.advanceAsync(minute);
  clock.setNow(start);
  runs = 0;
  await clock.advanceAsync(5 * minute + 1_000);
  assert.equal(runs, 1);
});

test('closing stops every job and waits for the run under way, and twice is once', async () => {
  const { clock, scheduler } = startScheduler();
  const run = Promise.withResolvers<void>();
  scheduler.add(job('one', () => run.promise));
  scheduler.add(job('two', () => {}));
  await clock.advanceAsync(5 * minute);
  let closed = false;
  const closing = scheduler.close().then(() => {
    closed = true;
  });
  await clock.advanceAsync(5 * minute);
  assert.deepEqual([closed, clock.pending, scheduler.counters.runs], [false, 0, 2]);
  run.resolve();
  await closing;
  await scheduler.close();
});
