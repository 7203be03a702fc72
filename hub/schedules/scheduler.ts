import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { CronFields } from './cron-fields.ts';
import { nextTime } from './next-time.ts';

/** A recurring job. */
export interface Job {
  readonly name: string;
  readonly times: CronFields;
  /** IANA name; every schedule has one, so that a change of the machine's zone moves nothing. */
  readonly timeZone: string;
  readonly run: () => Promise<void> | void;
}

export interface SchedulerCounters {
  runs: number;
  failures: number;
  /** Times that passed while the process was blocked or a run still going on. */
  missed: number;
}

const tickMs = 250;
/** A run that starts later than this after its time is left out. */
const onTimeMs = 1_000;

interface Entry {
  readonly job: Job;
  nextMs: number | undefined;
  /** The run under way. */
  running?: Promise<void>;
}

/** Starts jobs and counts their runs: a failing run is logged and counted, and the next one starts all the same. */
export class Scheduler {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #entries: Entry[] = [];
  #stop: Cancel | undefined;
  #tickedMs: number;
  readonly counters: SchedulerCounters = { runs: 0, failures: 0, missed: 0 };

  constructor(deps: { clock: Clock; log: Log }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#tickedMs = deps.clock.now();
  }

  start(): void {
    this.#tickedMs = this.#clock.now();
    this.#stop ??= this.#clock.every(tickMs, () => this.#tick());
  }

  /** Runs the job at its times until `close`, and never in parallel with itself. */
  add(job: Job): void {
    this.#entries.push({ job, nextMs: nextOf(job, this.#clock.now()) });
  }

  /** Resolves when no run is under way any more. */
  async close(): Promise<void> {
    this.#stop?.();
    await Promise.all(this.#entries.splice(0).flatMap(({ running }) => running ?? []));
  }

  #tick(): void {
    const nowMs = this.#clock.now();
    const setBack = nowMs < this.#tickedMs;
    this.#tickedMs = nowMs;
    for (const entry of this.#entries) {
      const { job, nextMs, running } = entry;
      // A clock that was ahead must not keep the job waiting until it has caught up.
      if (setBack) entry.nextMs = nextOf(job, nowMs);
      else if (nextMs !== undefined && nextMs <= nowMs) {
        entry.nextMs = nextOf(job, nowMs);
        if (running !== undefined || nowMs - nextMs > onTimeMs) this.#missed(job);
        else this.#begin(entry);
      }
    }
  }

  #begin(entry: Entry): void {
    entry.running = this.#run(entry.job).finally(() => {
      delete entry.running;
    });
  }

  async #run({ name, run }: Job): Promise<void> {
    this.counters.runs += 1;
    try {
      await run();
    } catch (error) {
      this.counters.failures += 1;
      this.#log.error({ job: name, reason: messageOf(error) }, 'job failed');
    }
  }

  #missed({ name }: Job): void {
    this.counters.missed += 1;
    this.#log.warn({ job: name }, 'job missed its time');
  }
}

function nextOf({ times, timeZone }: Job, afterMs: number): number | undefined {
  return nextTime(times, timeZone, afterMs);
}
