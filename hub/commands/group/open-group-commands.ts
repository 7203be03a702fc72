import { isRetryableReason } from '../../../schemas/api/error-codes.ts';
import { isFinal } from '../../../schemas/command-status.ts';
import { tally } from '../../../schemas/command-tally.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { ownShare } from '../../kernel/own-share.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { CommandFollower } from '../answers.ts';
import { isUnsent, type Command } from '../command.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { GroupCommandFollower } from './group-answers.ts';
import type { ChangedTarget, GroupCommandJournal, GroupCommandRecord } from './group-command-journal.ts';
import {
  decide,
  isSettled,
  type GroupCommand,
  type GroupCommandStatus,
  type Target,
} from './group-command.ts';

export interface OpenGroupCommandDeps {
  clock: Clock;
  log: Log;
  journal: GroupCommandJournal;
  dispatcher: Pick<Dispatcher, 'submit' | 'find' | 'cancel' | 'connected'>;
  followers: readonly GroupCommandFollower[];
}

/** Commands submitted to the dispatcher at a time. */
const chunk = 100;
/** A target waits so long for room where the group command names no time of its own, ms. */
const longestDeferralMs = 24 * 3_600_000;

/**
 * The group commands that run, or have a target that is not settled. Made before the dispatcher, which reports the
 * states of their commands to it.
 */
export class OpenGroupCommands implements CommandFollower {
  readonly #byId = new Map<string, OpenGroupCommand>();

  /** Who asked for each of them. */
  actors(): string[] {
    return [...this.#byId.values()].map(({ groupCommand }) => groupCommand.requester.actor);
  }

  commandChanged(command: Command): void {
    this.#byId.get(command.id)?.observe(command);
  }

  *watched(): Generator<{ device: string; id: string }> {
    for (const [id, { targets }] of this.#byId)
      for (const target of targets)
        if (target.status !== 'waiting' && !isSettled(target)) yield { device: target.device, id };
  }

  get(id: string): OpenGroupCommand | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<OpenGroupCommand> {
    return this.#byId.values();
  }

  add(record: GroupCommandRecord, deps: OpenGroupCommandDeps): OpenGroupCommand {
    const { id } = record.groupCommand;
    const open = new OpenGroupCommand(record, deps, () => void this.#byId.delete(id));
    this.#byId.set(id, open);
    return open;
  }
}

/** A group command under way: gives its targets their commands, wave by wave, and follows what becomes of them. */
export class OpenGroupCommand implements GroupCommandRecord {
  readonly targets: readonly Target[];
  readonly #deps: OpenGroupCommandDeps;
  /** It has ended, and every target is settled in the journal. */
  readonly #settled: () => void;
  readonly #indexOf: ReadonlyMap<string, number>;
  /** As it was, or is being, written. */
  #ended: GroupCommand | undefined;
  /** Targets whose state is not in the journal yet. */
  readonly #unsaved = new Set<number>();
  #groupCommand: GroupCommand;
  /** As last reported. */
  #progress = '';
  /** Targets put off that try again at a time; whether one found no room since the last time. */
  #probing = 1;
  #probesRefused = false;
  /** Targets whose commands are being submitted, and the end that is being written. */
  #submitting: Promise<unknown> = Promise.resolve();
  #ending: Promise<void> | undefined;
  /** It has ended, and no command of it waits to be sent. */
  #withdrawn = false;
  #busy = false;
  #again = false;
  #closed = false;

  constructor(
    { groupCommand, targets }: GroupCommandRecord,
    deps: OpenGroupCommandDeps,
    settled: () => void,
  ) {
    this.#groupCommand = groupCommand;
    this.targets = targets.map((target) => ({ ...target }));
    this.#indexOf = new Map(this.targets.map(({ device }, index) => [device, index]));
    this.#deps = deps;
    this.#settled = settled;
  }

  get groupCommand(): GroupCommand {
    return this.#groupCommand;
  }

  get runs(): boolean {
    return this.#groupCommand.status === 'running';
  }

  /** After a restart: reads what happened to the commands of its targets in the meantime. @throws HubError `database-failed` */
  async restore(): Promise<void> {
    for (const target of this.targets) {
      if (isSettled(target)) continue;
      const known = await this.#deps.dispatcher.find(target.device, this.#groupCommand.id);
      if (known !== undefined) this.observe(known.command);
    }
    // Hubs of earlier releases write the end of a group command first, and the targets that it skips later.
    if (!this.runs) for (const { index } of this.#skipped()) this.#skip(index);
  }

  /** The state of one of its commands is in the journal. */
  observe({ device, status, reason }: Command): void {
    const index = this.#indexOf.get(device);
    const target = index === undefined ? undefined : this.targets[index];
    if (index === undefined || target === undefined || target.status === status) return;
    target.status = status;
    target.reason = reason;
    if (isFinal(status)) this.#unsaved.add(index);
    this.advance();
  }

  /** Reports progress, and does what is due now. */
  tick(): void {
    const { succeeded, failed, open } = tally(this.targets);
    const progress = `${succeeded}/${failed}/${open}`;
    if (this.runs && progress !== this.#progress) {
      this.#progress = progress;
      this.#report();
    }
    this.#probe();
    this.advance();
  }

  /** Does what is due now, one step at a time. A change in between asks for another step. */
  advance(): void {
    void this.#advance();
  }

  /**
   * No further wave begins; what is not sent yet is cancelled. Of several ends at once the first counts.
   * @throws HubError `database-failed`
   */
  end(status: Exclude<GroupCommandStatus, 'running'>, reason?: string): Promise<void> {
    this.#ending ??= this.#end(status, reason).finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  /** Stops where it is; the next hub resumes it. */
  close(): void {
    this.#closed = true;
  }

  async #end(status: Exclude<GroupCommandStatus, 'running'>, reason?: string): Promise<void> {
    const { clock, journal } = this.#deps;
    // Whose command is on its way into the journal is not skipped.
    await this.#submitting;
    // The same at each try: the answer to the one before may have been lost.
    this.#ended ??= { ...this.#groupCommand, status, reason, endedMs: clock.now() };
    const ended = this.#ended;
    // Its report is owed from then on, and whoever publishes it counts what is in the journal.
    const rows = [...this.#unsavedRows(), ...this.#skipped()];
    if (!(await journal.save(ended, rows))) {
      // Another hub runs it, and reports its end.
      this.#closed = true;
      this.#settled();
      return;
    }
    this.#groupCommand = ended;
    for (const { index, target } of rows) if (target.status === 'skipped') this.#skip(index);
    this.#saved(rows);
    try {
      await this.#withdraw();
    } finally {
      this.#report();
    }
  }

  /** Those that have no command, as an end leaves them. */
  #skipped(): ChangedTarget[] {
    return this.targets.flatMap((target, index) =>
      target.status === 'waiting' ? [{ index, target: { ...target, status: 'skipped' } }] : [],
    );
  }

  #skip(index: number): void {
    const target = this.targets[index];
    if (target?.status !== 'waiting') return;
    target.status = 'skipped';
    this.#unsaved.add(index);
  }

  /** After its end: cancels what is not sent yet. @throws HubError `database-failed` */
  async #withdraw(): Promise<void> {
    const { dispatcher } = this.#deps;
    const { id } = this.#groupCommand;
    for (const { device, status } of this.targets) {
      if (status !== 'queued' && status !== 'accepted') continue;
      const known = await dispatcher.find(device, id);
      if (known !== undefined && isUnsent(known.command)) await dispatcher.cancel(device, id);
    }
    this.#withdrawn = true;
  }

  async #advance(): Promise<void> {
    this.#again = this.#busy;
    if (this.#busy || this.#closed) return;
    this.#busy = true;
    try {
      await this.#step();
    } catch (error) {
      // The next tick tries again: what was sent is known by its id.
      this.#deps.log.error(
        { groupCommand: this.#groupCommand.id, reason: messageOf(error) },
        'a group command waits',
      );
    } finally {
      this.#busy = false;
    }
    if (this.#again) await this.#advance();
  }

  async #step(): Promise<void> {
    const { clock, dispatcher } = this.#deps;
    await this.#save();
    if (this.runs) {
      this.#expireDeferred(clock.now());
      for (const target of this.targets) {
        const away = !dispatcher.connected(target.device);
        target.waitsOffline = target.status === 'queued' && away;
        if (!away) target.deferred = false;
      }
      const { id } = this.#groupCommand;
      const decision = decide(this.#groupCommand, this.targets, clock.now(), (device) =>
        ownShare(id, device),
      );
      if (decision.kind === 'send') await this.#send(decision.indexes);
      if (decision.kind === 'end') await this.end(decision.status, decision.reason);
    }
    // The hub may have been killed before it came to that.
    if (!this.runs && this.#ending === undefined && !this.#withdrawn) await this.#withdraw();
    if (!this.runs && this.#unsaved.size === 0 && this.targets.every(isSettled)) this.#settled();
  }

  /** There may be room now for those that had none: one tries for all, and then more at a time. */
  #probe(): void {
    this.#probing = this.#probesRefused ? 1 : Math.min(2 * this.#probing, chunk);
    this.#probesRefused = false;
    const deferred = this.targets.filter(({ status, deferred: put }) => status === 'waiting' && put === true);
    for (const target of deferred.slice(0, this.#probing)) target.deferred = false;
  }

  /** Whose command would have run out by now, had there been room for it, gets none. */
  #expireDeferred(nowMs: number): void {
    const { acceptedMs, ttlMs = longestDeferralMs } = this.#groupCommand;
    if (nowMs < acceptedMs + ttlMs) return;
    for (const [index, target] of this.targets.entries()) {
      if (target.status !== 'waiting' || target.deferred !== true) continue;
      target.status = 'expired';
      target.reason = 'deadline';
      this.#unsaved.add(index);
    }
  }

  async #send(indexes: readonly number[]): Promise<void> {
    for (let from = 0; from < indexes.length && !this.#closed; from += chunk) {
      const submissions = indexes.slice(from, from + chunk).map((index) => this.#sendOne(index));
      this.#submitting = Promise.allSettled(submissions);
      const taken = await Promise.all(submissions);
      // Where nothing is taken, the next tick tries again.
      if (!taken.includes(true)) return;
      // A failure that is known already may be one too many.
      if (tally(this.targets).failed > this.#groupCommand.maxFailures) break;
    }
    this.#again = true;
  }

  /** @returns whether the target has its command, or its refusal */
  async #sendOne(index: number): Promise<boolean> {
    const { clock, dispatcher } = this.#deps;
    const { id, name, params, ttlMs, requester, expiresMs } = this.#groupCommand;
    const target = this.targets[index];
    if (target?.status !== 'waiting' || !this.runs || this.#ending !== undefined) return false;
    const { device } = target;
    const expiryMs = expiresMs === undefined ? undefined : Math.max(0, expiresMs - clock.now());
    const submission = await dispatcher.submit(
      { device, name, id, params, ttlMs },
      { requester, ofGroup: true, expiryMs },
    );
    if (submission.kind !== 'refused') {
      // Its states may have been observed already.
      if (target.status === 'waiting') this.observe(submission.command);
      return true;
    }
    const { reason } = submission.refusal;
    // There is no room for a command to this device: others go first.
    if (reason === 'too-many') {
      target.deferred = !dispatcher.connected(device);
      this.#probesRefused = true;
    }
    // The tick tries again.
    if (isRetryableReason(reason)) return false;
    target.status = 'rejected';
    target.reason = reason;
    this.#unsaved.add(index);
    return true;
  }

  #report(): void {
    const { groupCommand, targets } = this;
    for (const follower of this.#deps.followers) follower.groupCommandChanged({ groupCommand, targets });
  }

  async #save(): Promise<void> {
    if (this.#unsaved.size === 0) return;
    const rows = this.#unsavedRows();
    await this.#deps.journal.saveTargets(this.#groupCommand.id, rows);
    this.#saved(rows);
  }

  #unsavedRows(): ChangedTarget[] {
    return [...this.#unsaved].flatMap((index) => {
      const target = this.targets[index];
      return target === undefined ? [] : [{ index, target: { ...target } }];
    });
  }

  #saved(rows: readonly ChangedTarget[]): void {
    for (const { index, target } of rows) {
      if (this.targets[index]?.status === target.status) this.#unsaved.delete(index);
    }
  }
}
