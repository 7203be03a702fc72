import type {
  AddedSchedule,
  NewSchedule,
  ScheduleChange,
  ScheduledAction,
  ScheduleOutcome,
  ScheduleView,
} from '../../schemas/api/commands/schedules.ts';
import { cutText } from '../../schemas/cut-text.ts';
import { lastTimeMs } from '../../schemas/index.ts';
import { HubError, invalidInput, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { demandRoom } from '../kernel/share.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { CronFields } from './cron-fields.ts';
import { nextTime } from './next-time.ts';
import { isTimeZone } from './time-zone.ts';
import { outcomeOf, type RunReport } from './run-report.ts';
import { dueOf, nextOf, withRun, type Schedule } from './schedule.ts';

/** Schedules and their last times. Each write is synced; all reject with HubError `database-failed`. */
export interface ScheduleStore {
  load(): Promise<Schedule[]>;
  save(schedule: Schedule): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface SchedulesDeps {
  clock: Clock;
  /** Eight random characters of base64url. */
  newRunKey: () => string;
  log: Log;
  store: ScheduleStore;
  /** The times that an expression allows; undefined for an invalid one. */
  parseCron: (expression: string) => CronFields | undefined;
  /** The devices a selector matches now. Rejects with HubError `input-invalid` for anything but a selector. */
  select: (selector: string) => Promise<readonly string[]>;
  /** How many devices the command would go to now. Rejects as `select`, and with `command-refused` when they would refuse it. */
  checkCommand: (to: string, action: ScheduledAction & { kind: 'command' }) => Promise<number>;
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
  runs: (id: string) => boolean;
  /** What became of the run with this id so far; undefined: it is not known. */
  runReport: (id: string) => Promise<RunReport | undefined>;
  /** False while the clock is doubted: no time is met by it. */
  clockTrusted: () => boolean;
  /** Resolves when every device had its turn. */
  notice: (schedule: Schedule, action: ScheduledAction & { kind: 'notice' }) => Promise<RunReport>;
  /** Its times are refused one after the other; or (`false`) one was sent, or it is removed. */
  refused: (name: string, raised: boolean) => void;
}

export interface SchedulesCounters {
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

const tickMs = 250;
/** A time dealt with may lie so far ahead, by a clock that was set back a little since, ms. */
const aheadMs = 60_000;
/** Times refused one after the other that a person should know of. */
const alarmingRefusals = 2;
/** Each person or program has as many of them as are still free, half of them alone. */
const maxSchedules = 1_000;
const namePattern = /^[A-Za-z0-9_-]{1,40}$/;

/** A run that no device is known to have got yet. */
interface Run {
  readonly id: string;
  readonly kept: Kept;
  readonly atMs: number;
  /** As last reported; `noted` once it is in the store. */
  outcome: ScheduleOutcome;
  noted: ScheduleOutcome | undefined;
}

interface Kept {
  schedule: Schedule;
  readonly fields: CronFields | undefined;
  nextMs: number | undefined;
  busy: boolean;
}

/**
 * Commands and notices at their times. Each time fires once: the last one is on disk, and ids made of schedule and time
 * prevent a command from being sent twice if the hub crashes between the two.
 */
export class Schedules {
  readonly counters: SchedulesCounters = {
    fired: 0,
    missed: 0,
    overlapped: 0,
    refused: 0,
    unreached: 0,
    failures: 0,
  };
  readonly #deps: SchedulesDeps;
  readonly #kept = new Map<string, Kept>();
  /** By their ids. */
  readonly #runs = new Map<string, Run>();
  #timer: Cancel | undefined;

  constructor(deps: SchedulesDeps) {
    this.#deps = deps;
  }

  /** @throws HubError `database-failed` */
  async start(): Promise<void> {
    for (const schedule of await this.#deps.store.load()) await this.#resume(this.#keep(schedule));
    if (this.#deps.clockTrusted()) await this.#setBack();
    this.#timer = this.#deps.clock.every(tickMs, () => this.#tick());
  }

  /**
   * By name.
   * @param mayShow not given: all; otherwise those for a single device it may show
   */
  list(mayShow?: (deviceId: string) => boolean): ScheduleView[] {
    const all = [...this.#kept.values()].map(viewOf).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return all.filter((schedule) => isShown(schedule, mayShow));
  }

  /** The next `count` times, Unix ms. @param mayShow as of `list` @throws HubError `schedule-unknown` */
  next(name: string, count: number, mayShow?: (deviceId: string) => boolean): number[] {
    const { schedule, fields } = this.#known(name);
    if (!isShown(schedule, mayShow)) throw new HubError('schedule-unknown', name);
    const times: number[] = [];
    let { lastMs } = schedule;
    while (times.length < count) {
      const next = nextOf(lastMs === undefined ? schedule : Object.assign({}, schedule, { lastMs }), fields);
      if (next === undefined) break;
      times.push(next);
      lastMs = next;
    }
    return times;
  }

  /**
   * A command that can only be refused is refused here.
   * @param actor who adds it
   * @throws HubError `input-invalid` naming the member · `command-refused` · `schedule-exists` · `database-failed`
   */
  async add(given: NewSchedule, actor = 'local'): Promise<AddedSchedule> {
    const { clock, newRunKey } = this.#deps;
    const schedule: Schedule = { ...given, createdMs: clock.now(), actor, runKey: newRunKey() };
    this.#check(schedule);
    const devices = await this.#devices(schedule);
    if (this.#kept.has(schedule.name)) throw new HubError('schedule-exists', schedule.name);
    const actors = [...this.#kept.values()].map((each) => each.schedule.actor);
    demandRoom(actor, actors, { things: 'schedules', room: maxSchedules });
    await this.#deps.store.save(schedule);
    return { ...viewOf(this.#keep(schedule)), devices };
  }

  /**
   * Its times begin anew; what became of the last ones stays. A run that is under way goes on.
   * @throws HubError as `add`, and `schedule-unknown`
   */
  async change(name: string, given: ScheduleChange, actor = 'local'): Promise<AddedSchedule> {
    const { clock, newRunKey, store } = this.#deps;
    const before = this.#known(name);
    const { runs = [] } = before.schedule;
    const own = { name, createdMs: clock.now(), actor, runKey: newRunKey(), runs: [...runs] };
    const schedule: Schedule = { ...given, ...own };
    this.#check(schedule);
    const devices = await this.#devices(schedule);
    if (this.#kept.get(name) !== before) throw new HubError('schedule-unknown', name);
    // In place of the other one at once, so that none of its runs is written over it.
    const kept = this.#keep(schedule);
    kept.busy = true;
    try {
      await store.save(schedule);
    } catch (error) {
      if (this.#kept.get(name) === kept) this.#kept.set(name, before);
      throw error;
    } finally {
      kept.busy = false;
    }
    this.#deps.refused(name, false);
    return { ...viewOf(kept), devices };
  }

  /** A resumed schedule continues with its future times. @throws HubError `schedule-unknown` · `database-failed` */
  async pause(name: string, paused: boolean): Promise<ScheduleView> {
    const kept = this.#known(name);
    const { lastMs, createdMs } = kept.schedule;
    const passed = Math.max(lastMs ?? createdMs, this.#deps.clock.now());
    const resumed = kept.schedule.paused && !paused && kept.fields !== undefined ? { lastMs: passed } : {};
    await this.#save(kept, { ...kept.schedule, ...resumed, paused });
    return viewOf(kept);
  }

  /** @throws HubError `schedule-unknown` · `database-failed` */
  async remove(name: string): Promise<void> {
    this.#known(name);
    await this.#deps.store.remove(name);
    this.#kept.delete(name);
    this.#deps.refused(name, false);
  }

  /** The clock is known to be right. */
  async clockBelieved(): Promise<void> {
    try {
      await this.#setBack();
    } catch (error) {
      this.#deps.log.error({ reason: messageOf(error) }, 'schedules could not be set to the right time');
    }
  }

  /**
   * Recurring schedules that have run by a clock that was ahead, or were made by it, go on from now: otherwise they
   * would wait until it has caught up. @throws HubError `database-failed`
   */
  async #setBack(): Promise<void> {
    const nowMs = this.#deps.clock.now();
    for (const kept of this.#kept.values()) {
      const { schedule, fields } = kept;
      if (fields === undefined || (schedule.lastMs ?? schedule.createdMs) <= nowMs + aheadMs) continue;
      this.#deps.log.warn({ schedule: schedule.name }, 'a schedule had run by a clock that was ahead');
      await this.#save(kept, { ...schedule, lastMs: nowMs });
    }
  }

  /** A run has come so far; of another group command it says nothing. */
  runReported(id: string, report: RunReport): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    run.outcome = outcomeOf(report);
    if (run.noted !== undefined && run.outcome.kind !== run.noted.kind) void this.#note(run);
  }

  close(): void {
    this.#timer?.();
  }

  #tick(): void {
    if (!this.#deps.clockTrusted()) return;
    const nowMs = this.#deps.clock.now();
    for (const kept of this.#kept.values()) {
      if (kept.busy || kept.nextMs === undefined || kept.nextMs > nowMs || kept.schedule.paused) continue;
      kept.busy = true;
      void this.#run(kept, nowMs).finally(() => {
        kept.busy = false;
      });
    }
  }

  async #run(kept: Kept, nowMs: number): Promise<void> {
    const { log } = this.#deps;
    const { name } = kept.schedule;
    try {
      const due = dueOf(kept.schedule, kept.fields, nowMs);
      if (due.kind === 'fire') await this.#fire(kept, due.atMs);
      if (due.kind === 'skip') {
        this.counters.missed += 1;
        log.warn({ schedule: name, at: due.atMs }, 'a scheduled time was missed and is skipped');
        await this.#done(kept, due.atMs, { kind: 'missed' });
      }
    } catch (error) {
      // The next tick tries again.
      this.counters.failures += 1;
      log.error({ schedule: name, reason: messageOf(error) }, 'a schedule could not run and will be retried');
    }
  }

  /** How many it would go to now. */
  async #devices({ to, action }: NewSchedule): Promise<number> {
    const { select, checkCommand } = this.#deps;
    return action.kind === 'notice' ? (await select(to)).length : checkCommand(to, action);
  }

  async #fire(kept: Kept, atMs: number): Promise<void> {
    const { log } = this.#deps;
    const { schedule } = kept;
    const { action, name, lastMs } = schedule;
    if (action.kind === 'notice') {
      if ((await this.#devices(schedule)) === 0)
        return this.#refused(kept, atMs, 'no device matches the selector');
      const run = this.#begin(kept, atMs);
      // A notice is worth less than the promise that it is not sent twice.
      await this.#begun(run);
      void this.#deps.notice(schedule, action).then((report) => this.runReported(run.id, report));
      return;
    }
    if (lastMs !== undefined && this.#deps.runs(idOf(schedule, lastMs))) {
      this.counters.overlapped += 1;
      log.warn({ schedule: name, at: atMs }, 'a scheduled time was skipped: the previous run has not ended');
      return this.#done(kept, atMs, { kind: 'overlapped' });
    }
    // It may be reported before it is known to be taken.
    const run = this.#begin(kept, atMs);
    const outcome = await this.#deps.command(schedule, action, run.id);
    if (outcome.kind === 'sent') return this.#begun(run);
    this.#runs.delete(run.id);
    if (outcome.kind === 'refused') return this.#refused(kept, atMs, outcome.reason);
  }

  #begin(kept: Kept, atMs: number): Run {
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
    await this.#done(run.kept, run.atMs, outcome, run.id);
    this.counters.fired += 1;
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
    if (outcome.kind === 'unreached') this.counters.unreached += 1;
    if (outcome.kind === 'refused') this.counters.refused += 1;
    if (outcome.kind !== 'sent') {
      log.warn({ schedule: name, reason: outcome.reason }, 'a scheduled run has reached no device');
    }
    // A later time has been dealt with meanwhile, and its outcome is shown.
    if (lastMs !== atMs) return;
    try {
      await this.#done(kept, atMs, outcome, outcome.kind === 'missed' ? undefined : id);
    } catch (error) {
      log.error({ schedule: name, reason: messageOf(error) }, 'the outcome of a schedule was not saved');
    }
  }

  /** A run that was under way when the hub ended. */
  async #resume(kept: Kept): Promise<void> {
    const { schedule } = kept;
    if (schedule.lastOutcome?.kind !== 'sending' || schedule.lastMs === undefined) return;
    const run = this.#begin(kept, schedule.lastMs);
    run.noted = schedule.lastOutcome;
    const report = await this.#deps.runReport(run.id);
    if (report !== undefined) {
      this.runReported(run.id, report);
      return;
    }
    run.outcome = { kind: 'missed', reason: 'the hub ended while it was sent' };
    await this.#note(run);
  }

  #refused(kept: Kept, atMs: number, reason: string): Promise<void> {
    this.counters.refused += 1;
    this.#deps.log.warn({ schedule: kept.schedule.name, reason }, 'a scheduled time was refused');
    return this.#done(kept, atMs, { kind: 'refused', reason });
  }

  /** @param id of what was sent */
  async #done(kept: Kept, atMs: number, lastOutcome: ScheduleOutcome, id?: string): Promise<void> {
    const { name, refusedInRow = 0, action } = kept.schedule;
    const isSent = lastOutcome.kind === 'sent' || lastOutcome.kind === 'sending';
    // A notice leaves nothing behind that could be looked at.
    const sent = id === undefined || action.kind === 'notice' ? {} : { id };
    const runs = withRun({ atMs, ...lastOutcome, ...sent }, kept.schedule.runs);
    // A command was taken by the hub; a notice nobody has judged yet.
    const taken = isSent && (lastOutcome.kind === 'sent' || action.kind === 'command');
    const refused = lastOutcome.kind === 'refused' ? refusedInRow + 1 : taken ? 0 : refusedInRow;
    const done = { lastMs: atMs, lastOutcome, runs, refusedInRow: refused };
    await this.#save(kept, { ...kept.schedule, ...done });
    if (refused > refusedInRow && refused >= alarmingRefusals) this.#deps.refused(name, true);
    if (refused === 0 && refusedInRow >= alarmingRefusals) this.#deps.refused(name, false);
  }

  async #save(kept: Kept, schedule: Schedule): Promise<void> {
    // Removed meanwhile, and perhaps there is another one with its name.
    if (this.#kept.get(schedule.name) !== kept) return;
    await this.#deps.store.save(schedule);
    kept.schedule = schedule;
    kept.nextMs = nextOf(schedule, kept.fields);
  }

  #keep(schedule: Schedule): Kept {
    const fields = schedule.cron === undefined ? undefined : this.#deps.parseCron(schedule.cron);
    const kept = { schedule, fields, nextMs: nextOf(schedule, fields), busy: false };
    this.#kept.set(schedule.name, kept);
    return kept;
  }

  #known(name: string): Kept {
    const kept = this.#kept.get(name);
    if (kept === undefined) throw new HubError('schedule-unknown', name);
    return kept;
  }

  #check({ name, cron, atMs, timeZone, createdMs }: Schedule): void {
    if (!namePattern.test(name)) throw invalid('name', '1 to 40 letters, digits, _ and -', name);
    if ((cron === undefined) === (atMs === undefined))
      throw invalid('cron', 'given, or atMs, not both', String(cron));
    if (atMs !== undefined && !(Number.isFinite(atMs) && atMs > createdMs && atMs <= lastTimeMs))
      throw invalid('atMs', 'a time to come, in Unix ms, up to the year 9999', String(atMs));
    if (!isTimeZone(timeZone)) throw invalid('timeZone', 'an IANA time zone such as Europe/Berlin', timeZone);
    if (cron === undefined) return;
    const fields = this.#deps.parseCron(cron);
    if (fields === undefined) {
      const expected = 'five fields, or six with the seconds first, of numbers, lists, ranges and steps';
      throw invalid('cron', expected, cron);
    }
    if (nextTime(fields, timeZone, createdMs) === undefined)
      throw invalid('cron', 'a time that comes: no such day is in these months', cron);
  }
}

/** The id of a run: the same for the same time, and no other schedule's, also of one that had the name before. */
function idOf({ name, runKey }: Schedule, atMs: number): string {
  if (runKey === undefined) return `${name}-${Math.round(atMs / 1000)}`;
  return `${name}-${runKey}-${Math.round(atMs).toString(36)}`;
}

/** A selector names no single device, and `all` may be the id of one. */
function isShown({ to }: { to: string }, mayShow?: (deviceId: string) => boolean): boolean {
  return mayShow === undefined || (to !== 'all' && mayShow(to));
}

function viewOf({ schedule: { runKey: _secret, ...schedule }, nextMs }: Kept): ScheduleView {
  return nextMs === undefined || schedule.paused ? schedule : { ...schedule, nextMs };
}

function invalid(member: string, expected: string, got: string): HubError {
  return invalidInput({ path: `/${member}`, keyword: 'format', expected, got: cutText(got, 64) });
}
