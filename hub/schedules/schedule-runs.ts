import { createHash } from 'node:crypto';
import type { ScheduledAction, ScheduleOutcome } from '../../schemas/api/commands/schedules.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { outcomeOf, type RunReport } from './run-report.ts';
import type { KeptSchedule, Schedule } from './schedule.ts';

export interface ScheduleCounters {
  fired: number;
  /** Missed while the hub was away, and not made up for. */
  missed: number;
  /** The run before was not over. */
  overlapped: number;
  refused: number;
  /** Fired, and no device got it. */
  unreached: number;
  failures: number;
}

export interface RunDeps {
  log: Log;
  /**
   * Sends a command under an id that is the occurrence's own, so that asking again sends nothing twice.
   * `later`: not now, but it may be asked again. `refused`: why.
   */
  command: (
    schedule: Schedule,
    action: ScheduledAction & { kind: 'command' },
    id: string,
  ) => Promise<{ kind: 'sent' } | { kind: 'later' | 'refused'; reason: string }>;
  /** The run with this id is still sending, or waits for its commands. */
  runs: (id: string) => Promise<boolean>;
  /** What became of the run with this id so far; undefined: it is not known. */
  runReport: (id: string) => Promise<RunReport | undefined>;
  /** Resolves when every device had its turn. */
  notice: (schedule: Schedule, action: ScheduledAction & { kind: 'notice' }) => Promise<RunReport>;
}

interface RunHooks {
  counters: ScheduleCounters;
  /** How many it would go to now. */
  devices: (schedule: Schedule) => Promise<number>;
  /** A time is dealt with. @param id of what was sent */
  done: (kept: KeptSchedule, atMs: number, outcome: ScheduleOutcome, id?: string) => Promise<void>;
}

/** A run that no device is known to have got yet. */
interface Run {
  readonly id: string;
  readonly kept: KeptSchedule;
  readonly atMs: number;
  /** As last reported; `noted` once it is in the store. */
  outcome: ScheduleOutcome;
  noted: ScheduleOutcome | undefined;
}

/** What becomes of schedules at their times: from the moment when one is due until it is known whether a device has it. */
export class ScheduleRuns {
  readonly #deps: RunDeps;
  readonly #hooks: RunHooks;
  /** By their ids. */
  readonly #runs = new Map<string, Run>();

  constructor(deps: RunDeps, hooks: RunHooks) {
    this.#deps = deps;
    this.#hooks = hooks;
  }

  /** A run has come so far; of another group command it says nothing. */
  reported(id: string, report: RunReport): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    run.outcome = outcomeOf(report);
    if (run.noted !== undefined && run.outcome.kind !== run.noted.kind) void this.#note(run);
  }

  /** One of its times has come. */
  async fire(kept: KeptSchedule, atMs: number): Promise<void> {
    const { log } = this.#deps;
    const { devices, counters } = this.#hooks;
    const { schedule } = kept;
    const { action, name, lastMs } = schedule;
    if (action.kind === 'notice') {
      if ((await devices(schedule)) === 0) return this.#refused(kept, atMs, 'no device matches the selector');
      const run = this.#begin(kept, atMs);
      // A notice is worth less than the promise that it is not sent twice.
      await this.#begun(run);
      void this.#deps.notice(schedule, action).then((report) => this.reported(run.id, report));
      return;
    }
    if (lastMs !== undefined && (await this.#deps.runs(idOf(schedule, lastMs)))) {
      counters.overlapped += 1;
      log.warn({ schedule: name, at: atMs }, 'a scheduled time was skipped: the previous run has not ended');
      return this.#hooks.done(kept, atMs, { kind: 'overlapped' });
    }
    // It may be reported before it is known to be taken.
    const run = this.#begin(kept, atMs);
    const outcome = await this.#deps.command(schedule, action, run.id);
    if (outcome.kind === 'sent') return this.#begun(run);
    this.#runs.delete(run.id);
    if (outcome.kind === 'refused') return this.#refused(kept, atMs, outcome.reason);
  }

  #begin(kept: KeptSchedule, atMs: number): Run {
    const run: Run = {
      id: idOf(kept.schedule, atMs),
      kept,
      atMs,
      outcome: { kind: 'sending' },
      noted: undefined,
    };
    this.#runs.set(run.id, run);
    return run;
  }

  /** The time is dealt with; what becomes of it is reported later, or was already. */
  async #begun(run: Run): Promise<void> {
    const { outcome } = run;
    await this.#hooks.done(run.kept, run.atMs, outcome, run.id);
    this.#hooks.counters.fired += 1;
    run.noted = outcome;
    if (outcome.kind !== 'sending') this.#runs.delete(run.id);
    else if (run.outcome.kind !== 'sending') await this.#note(run);
  }

  /** A run that was under way is over, or a device has it. */
  async #note(run: Run): Promise<void> {
    const { kept, atMs, outcome, id } = run;
    const { log } = this.#deps;
    const { name, lastMs } = kept.schedule;
    this.#runs.delete(id);
    if (outcome.kind === 'unreached') this.#hooks.counters.unreached += 1;
    if (outcome.kind === 'refused') this.#hooks.counters.refused += 1;
    if (outcome.kind !== 'sent') {
      log.warn({ schedule: name, reason: outcome.reason }, 'a scheduled run has reached no device');
    }
    // A later time has been dealt with meanwhile, and its outcome is shown.
    if (lastMs !== atMs) return;
    try {
      await this.#hooks.done(kept, atMs, outcome, outcome.kind === 'missed' ? undefined : id);
    } catch (error) {
      log.error({ schedule: name, reason: messageOf(error) }, 'the outcome of a schedule was not saved');
    }
  }

  /**
   * Asks what became of the runs that are under way: when another hub has taken their commands over, nobody reports them here.
   * @throws HubError `database-failed`
   */
  async look(): Promise<void> {
    for (const { id, noted } of this.#runs.values()) {
      const report = noted && (await this.#deps.runReport(id));
      if (report !== undefined) this.reported(id, report);
    }
  }

  /** They are read again. */
  forget(): void {
    this.#runs.clear();
  }

  /** A run that was under way when the hub ended. */
  async resume(kept: KeptSchedule): Promise<void> {
    const { schedule } = kept;
    if (schedule.lastOutcome?.kind !== 'sending' || schedule.lastMs === undefined) return;
    const run = this.#begin(kept, schedule.lastMs);
    run.noted = schedule.lastOutcome;
    const report = await this.#deps.runReport(run.id);
    if (report !== undefined) {
      this.reported(run.id, report);
      return;
    }
    run.outcome = { kind: 'missed', reason: 'the hub ended while it was sent' };
    await this.#note(run);
  }

  #refused(kept: KeptSchedule, atMs: number, reason: string): Promise<void> {
    this.#hooks.counters.refused += 1;
    this.#deps.log.warn({ schedule: kept.schedule.name, reason }, 'a scheduled time was refused');
    return this.#hooks.done(kept, atMs, { kind: 'refused', reason });
  }
}

/**
 * The id of a run: the same for the same time, and no other schedule's, even of one that had the name before. Whoever sees
 * the ids of earlier runs cannot tell those of later ones.
 */
function idOf({ name, runKey }: Schedule, atMs: number): string {
  if (runKey === undefined) return `${name}-${Math.round(atMs / 1000)}`;
  const moment = createHash('sha256')
    .update(`${runKey} ${Math.round(atMs)}`)
    .digest('base64url');
  return `${name}-${moment.slice(0, 16)}`;
}
