import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scheduler, type CronPort, type Job } from '../../../hub/schedules/scheduler.ts';
import { silentLog } from '../../helpers/hubs/session-fixture.ts';

/** A cron whose times come when the test says so. */
class CronByHand implements CronPort {
  readonly jobs = new Map<string, { job: Job; missed: () => void }>();

  schedule(job: Job, { missed }: { missed: () => void }): { stop: () => Promise<void> } {
    this.jobs.set(job.name, { job, missed });
    return {
      stop: () => {
        this.jobs.delete(job.name);
        return Promise.resolve();
      },
    };
  }

  async fire(name: string): Promise<void> {
    await this.jobs.get(name)?.job.run();
  }
}

function startScheduler() {
  const cron = new CronByHand();
  return { cron, scheduler: new Scheduler({ cron, log: silentLog }) };
}

const job = (name: string, run: Job['run']): Job => ({ name, cron: '*/5 * * * *', timeZone: 'UTC', run });

test('a job runs at its times, with its expression and time zone', async () => {
  const { cron, scheduler } = startScheduler();
  let runs = 0;
  scheduler.add(job('snapshot', () => void (runs += 1)));
  await cron.fire('snapshot');
  await cron.fire('snapshot');
  assert.equal(runs, 2);
  assert.equal(scheduler.counters.runs, 2);
  const { cron: expression, timeZone } = cron.jobs.get('snapshot')?.job ?? {};
  assert.deepEqual([expression, timeZone], ['*/5 * * * *', 'UTC']);
});

test('a run that fails, at once or later, is counted, and the next one comes', async () => {
  const { cron, scheduler } = startScheduler();
  const outcomes: Job['run'][] = [
    () => {
      throw new Error('at once');
    },
    () => Promise.reject(new Error('later')),
    () => {},
  ];
  scheduler.add(job('flaky', () => outcomes.shift()?.()));
  for (let run = 0; run < 3; run++) await cron.fire('flaky');
  assert.deepEqual(scheduler.counters, { runs: 3, failures: 2, missed: 0 });
});

test('a missed time is counted', () => {
  const { cron, scheduler } = startScheduler();
  scheduler.add(job('late', () => {}));
  cron.jobs.get('late')?.missed();
  assert.deepEqual(scheduler.counters, { runs: 0, failures: 0, missed: 1 });
});

test('closing stops every job, and twice is once', async () => {
  const { cron, scheduler } = startScheduler();
  scheduler.add(job('one', () => {}));
  scheduler.add(job('two', () => {}));
  await scheduler.close();
  assert.equal(cron.jobs.size, 0);
  await scheduler.close();
});
