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
import { demandRoom } from '../kernel/share.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { CronFields } from './cron-fields.ts';
import { nextTime } from './next-time.ts';
import { isTimeZone } from './time-zone.ts';
import type { RunReport } from './run-report.ts';
import { ScheduleRuns, type RunDeps, type ScheduleCounters } from './schedule-runs.ts';
import { dueOf, nextOf, withRun, type KeptSchedule, type Schedule } from './schedule.ts';

/** Schedules and their last times. Each write is synced; all reject with HubError `database-failed`. */
export interface ScheduleStore {
  load(): Promise<Schedule[]>;
  save(schedule: Schedule): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface SchedulesDeps extends RunDeps {
  clock: Clock;
  /** Random characters, more than anybody can try out. */
  newRunKey: () => string;
  store: ScheduleStore;
  /** The times that an expression allows; undefined for an invalid one. */
  parseCron: (expression: string) => CronFields | undefined;
  /** The devices a selector matches now. Rejects with HubError `input-invalid` for anything but a selector. */
  select: (selector: string) => Promise<readonly string[]>;
  /** How many devices the command would go to now. Rejects as `select`, and with `command-refused` when they would refuse it. */
  checkCommand: (to: string, action: ScheduledAction & { kind: 'command' }) => Promise<number>;
  /** False while the clock is doubted: no time is met by it. */
  clockTrusted: () => boolean;
  /** Its times are refused one after the other; or (`false`) one was sent, or it is removed. */
  refused: (name: string, raised: boolean) => void;
}

const tickMs = 250;
/** What became of runs is asked for this often, ms. */
const lookMs = 5_000;
/** A time dealt with may lie so far ahead, by a clock that was set back a little since, ms. */
const aheadMs = 60_000;
/** Times refused one after the other that a person should know of. */
const alarmingRefusals = 2;
/** Each person or program has as many of them as are still free, half of them alone. */
const maxSchedules = 1_000;
const namePattern = /^[A-Za-z0-9_-]{1,40}$/;

/**
 * Commands and notices at their times. Each time fires once: the last one is on disk, and ids made of schedule and time
 * prevent a command from being sent twice if the hub crashes between the two.
 */
export class Schedules {
  readonly counters: ScheduleCounters = {
    fired: 0,
    missed: 0,
    overlapped: 0,
    refused: 0,
    unreached: 0,
    failures: 0,
  };
  readonly #deps: SchedulesDeps;
  readonly #kept = new Map<string, KeptSchedule>();
  readonly #runs: ScheduleRuns;
  #timer: Cancel | undefined;

  constructor(deps: SchedulesDeps) {
    this.#deps = deps;
    this.#runs = new ScheduleRuns(deps, {
      counters: this.counters,
      devices: (schedule) => this.#devices(schedule),
      done: (kept, atMs, outcome, id) => this.#done(kept, atMs, outcome, id),
    });
  }

  /**
   * Reads them; of several hubs the one that leads does, and again when it leads again: another one may have changed or removed some.
   * @throws HubError `database-failed`
   */
  async start(): Promise<void> {
    this.close();
    this.#kept.clear();
    this.#runs.forget();
    for (const schedule of await this.#deps.store.load()) await this.#runs.resume(this.#keep(schedule));
    if (this.#deps.clockTrusted()) await this.#setBack();
    const { clock } = this.#deps;
    const timers = [clock.every(tickMs, () => this.#tick()), clock.every(lookMs, () => void this.#look())];
    this.#timer = () => {
      for (const cancel of timers) cancel();
    };
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
    this.#runs.reported(id, report);
  }

  close(): void {
    this.#timer?.();
  }

  async #look(): Promise<void> {
    try {
      await this.#runs.look();
    } catch (error) {
      this.#deps.log.warn({ reason: messageOf(error) }, 'what became of scheduled runs is not known now');
    }
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

  async #run(kept: KeptSchedule, nowMs: number): Promise<void> {
    const { log } = this.#deps;
    const { name } = kept.schedule;
    try {
      const due = dueOf(kept.schedule, kept.fields, nowMs);
      if (due.kind === 'fire') await this.#runs.fire(kept, due.atMs);
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

  /** A time is dealt with. @param id of what was sent */
  async #done(kept: KeptSchedule, atMs: number, lastOutcome: ScheduleOutcome, id?: string): Promise<void> {
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

  async #save(kept: KeptSchedule, schedule: Schedule): Promise<void> {
    // Removed meanwhile, and perhaps there is another one with its name.
    if (this.#kept.get(schedule.name) !== kept) return;
    await this.#deps.store.save(schedule);
    kept.schedule = schedule;
    kept.nextMs = nextOf(schedule, kept.fields);
  }

  #keep(schedule: Schedule): KeptSchedule {
    const fields = schedule.cron === undefined ? undefined : this.#deps.parseCron(schedule.cron);
    const kept: KeptSchedule = { schedule, fields, nextMs: nextOf(schedule, fields), busy: false };
    this.#kept.set(schedule.name, kept);
    return kept;
  }

  #known(name: string): KeptSchedule {
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

/** A selector names no single device, and `all` may be the id of one. */
function isShown({ to }: { to: string }, mayShow?: (deviceId: string) => boolean): boolean {
  return mayShow === undefined || (to !== 'all' && mayShow(to));
}

function viewOf({ schedule: { runKey: _secret, ...schedule }, nextMs }: KeptSchedule): ScheduleView {
  return nextMs === undefined || schedule.paused ? schedule : { ...schedule, nextMs };
}

function invalid(member: string, expected: string, got: string): HubError {
  return invalidInput({ path: `/${member}`, keyword: 'format', expected, got: cutText(got, 64) });
}
