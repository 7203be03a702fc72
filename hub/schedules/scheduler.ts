import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';

/** A recurring job. */
export interface Job {
  name: string;
  /** Five or six fields, the seconds first when six. Day of month and day of week must both match. */
  cron: string;
  /** IANA name; every schedule has one, so that a change of the machine's zone moves nothing. */
  timeZone: string;
  run: () => Promise<void> | void;
}

/** What counts the seconds; `node-cron` implements it. */
export interface CronPort {
  /** Runs the job at its times, never twice at once, until `stop`. */
  schedule(job: Job, hooks: { missed: () => void }): { stop: () => Promise<void> | void };
}

export interface SchedulerCounters {
  runs: number;
  failures: number;
  /** Times that passed while the process was blocked or a run still going on. */
  missed: number;
}

/** Starts jobs and counts their runs: a failing run is logged and counted, and the next one starts all the same. */
export class Scheduler {
  readonly #cron: CronPort;
  readonly #log: Log;
  readonly #stops: (() => Promise<void> | void)[] = [];
  readonly counters: SchedulerCounters = { runs: 0, failures: 0, missed: 0 };

  constructor(deps: { cron: CronPort; log: Log }) {
    this.#cron = deps.cron;
    this.#log = deps.log;
  }

  add(job: Job): void {
    const run = async (): Promise<void> => {
      this.counters.runs += 1;
      try {
        await job.run();
      } catch (error) {
        this.counters.failures += 1;
        this.#log.error({ job: job.name, reason: messageOf(error) }, 'job failed');
      }
    };
    const missed = (): void => {
      this.counters.missed += 1;
      this.#log.warn({ job: job.name }, 'job missed its time');
    };
    const { stop } = this.#cron.schedule({ ...job, run }, { missed });
    this.#stops.push(stop);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop();
  }
}
