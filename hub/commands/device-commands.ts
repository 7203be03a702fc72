import { isFinal } from '../../schemas/command-status.ts';
import type { CommandFrame } from '../../schemas/index.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { TokenBucket } from '../kernel/token-bucket.ts';
import { Backoff } from '../../schemas/time/backoff.ts';
import { wait, type Clock } from '../../schemas/time/clock.ts';
import type { Answers } from './answers.ts';
import type { CommandCounters } from './command-counters.ts';
import { commandFrame, commandFrameBytes } from './command-frame.ts';
import type { CommandSession } from './command-session.ts';
import {
  fitsBeside,
  isUnderWay,
  isUnsent,
  mayWait,
  step,
  type Command,
  type CommandEvent,
  type Step,
} from './command.ts';
import type { AnswerAddress, CommandJournal, CommandRecord } from './journal.ts';

/** A command without a final status in the journal. */
export interface OpenCommand {
  command: Command;
  readonly answerTo?: AnswerAddress | undefined;
  readonly moves?: number | undefined;
  /** All commands of its device. */
  readonly owner: DeviceCommands;
  /** When it is late by the monotonic clock, which cannot be set back. */
  readonly untilMs: number;
  /** The session it was given to. */
  session?: CommandSession | undefined;
  /** The journal says that it is not ours: nothing more is done about it here. */
  notOurs?: true;
}

/** What the commands of all devices share. */
export interface OpenCommandsDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  journal: CommandJournal;
  answers: Answers;
  counters: CommandCounters;
  /** Whether this hub may give devices anything; not given: always. */
  mayAct?: (() => boolean) | undefined;
}

export interface DeviceCommandsDeps extends OpenCommandsDeps {
  /** The command's state has changed, and so perhaps its due time. */
  changed(open: OpenCommand): void;
  /** Its final status is in the journal. */
  ended(open: OpenCommand): void;
  /** Lines about a journal that cannot be written: every command tries again, all for the same reason. */
  faultLines: TokenBucket;
  /** True once the dispatcher closes: what is not journalled yet is left as the journal has it. */
  closing(): boolean;
}

/** New commands wait this long for the answers to a recall. */
const recallPatienceMs = 5_000;
const maxRecallIds = 500;
/** The wall clock and the monotonic one run unevenly by less than this; more means that the wall clock was set. */
const slewMs = 100;

/**
 * The open commands of one device. State changes in memory immediately; journal writes and what follows from them
 * run one after another, so nothing is published before it is on disk, and everything in the order it happened.
 */
export class DeviceCommands {
  readonly device: string;
  /** In the order of acceptance. */
  readonly commands = new Map<string, OpenCommand>();
  readonly #deps: DeviceCommandsDeps;
  #session: CommandSession | undefined;
  #tail: Promise<void> = Promise.resolve();
  #recallDue = false;
  /** Until then (monotonic ms) new commands wait for the answers to a recall. */
  #recallEndsMs = 0;
  /** Between the sessions of a takeover. */
  #handingOver = false;
  /** Commands of the device are on their way here from the journal. */
  #arriving = false;

  constructor(device: string, deps: DeviceCommandsDeps) {
    this.device = device;
    this.#deps = deps;
  }

  get session(): CommandSession | undefined {
    return this.#session;
  }

  /** The device has a session, or is just opening one that takes over from another. */
  get isPresent(): boolean {
    return this.#session !== undefined || this.#handingOver;
  }

  /** Resolves when everything that has happened so far is journalled and published. */
  get settled(): Promise<void> {
    return this.#tail;
  }

  /** Resumes a command from the journal at start. */
  restore(record: CommandRecord): void {
    const open = this.#open(record);
    this.commands.set(record.command.id, open);
    this.#deps.changed(open);
    this.#apply(open, { kind: 'hub-restarted' });
  }

  /** The device was another hub's until now, and so was the command, which is ours as the journal has it now. */
  take(record: CommandRecord): void {
    const stale = this.commands.get(record.command.id);
    if (stale !== undefined) this.#forget(stale);
    const open = this.#open(record);
    this.commands.set(record.command.id, open);
    this.#deps.changed(open);
    if (!this.isPresent) this.#apply(open, { kind: 'hub-restarted' });
    else if (isUnsent(open.command)) this.#settleIn(open);
    else this.#apply(open, { kind: 'session-opened' });
  }

  /** What comes along with the device is read first: nothing overtakes it. */
  comesAlong(): void {
    this.letGoAll();
    this.#arriving = true;
  }

  /** All of it is here. */
  cameAlong(): void {
    this.#arriving = false;
    if (this.#recallDue) this.#awaitRecall();
    this.#advance();
  }

  /** Another hub has the device: what is open here is that hub's. */
  letGoAll(): void {
    this.#handingOver = false;
    for (const open of this.commands.values()) this.#forget(open);
  }

  /** Takes a command just journalled as `accepted`. */
  add(record: CommandRecord): OpenCommand {
    const open = this.#open(record);
    const { command } = record;
    for (const older of this.commands.values()) {
      const replaced = command.offline === 'latest' && older.command.name === command.name;
      if (replaced) this.#apply(older, { kind: 'superseded' });
    }
    this.commands.set(command.id, open);
    this.#deps.changed(open);
    this.#enqueue(() => this.#deps.answers.announce(record));
    this.#settleIn(open);
    return open;
  }

  /** It is sent now, or waits, or is refused. */
  #settleIn(open: OpenCommand): void {
    this.#advance();
    const { command } = open;
    if (command.status !== 'accepted') return;
    const reason = this.isPresent ? 'busy' : 'offline';
    const waits = mayWait(command) || (this.isPresent && command.safety !== 'critical');
    this.#apply(open, waits ? { kind: 'must-wait' } : { kind: 'refused', reason });
  }

  /** Resolves when the event and what follows from it are journalled and published. */
  handle(open: OpenCommand, event: CommandEvent): Promise<void> {
    this.#apply(open, event);
    this.#advance();
    return this.#tail;
  }

  /** Hands an event to every command. */
  handleAll(event: CommandEvent): Promise<void> {
    for (const open of this.commands.values()) this.#apply(open, event);
    this.#advance();
    return this.#tail;
  }

  sessionOpened(session: CommandSession): void {
    this.#session = session;
    this.#handingOver = false;
    for (const open of this.commands.values()) this.#apply(open, { kind: 'session-opened' });
    if (this.#recallDue) this.#awaitRecall();
    this.#advance();
  }

  /** Does nothing for a session that a newer one has replaced. */
  sessionClosed(session: CommandSession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    void this.handleAll({ kind: 'session-closed' });
  }

  /** The device stays present: waiting commands keep waiting, and the new session is asked about sent ones. */
  sessionReplaced(session: CommandSession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#handingOver = true;
    for (const open of this.commands.values()) {
      if (!isUnsent(open.command)) this.#apply(open, { kind: 'session-closed' });
    }
  }

  /** The session that was to take over never opened. */
  takeoverFailed(): void {
    if (!this.#handingOver) return;
    this.#handingOver = false;
    void this.handleAll({ kind: 'session-closed' });
  }

  uncertain(): number {
    let count = 0;
    for (const { command } of this.commands.values()) if (command.status === 'uncertain') count++;
    return count;
  }

  /** Asks again about everything uncertain, when there is a session to ask. */
  recallAgain(): void {
    if (this.#session === undefined || this.uncertain() === 0) return;
    this.#recallDue = true;
    this.#advance();
  }

  #awaitRecall(): void {
    this.#recallEndsMs = this.#deps.clock.monotonic() + recallPatienceMs;
    this.#deps.clock.after(recallPatienceMs, () => this.#advance());
  }

  #open({ command, answerTo, moves }: CommandRecord): OpenCommand {
    const { clock } = this.#deps;
    const { deadlineMs, acceptedMs } = command;
    // By a clock that was ahead then, or has gone back, more may seem to be left than there ever was.
    const leftMs = Math.min(deadlineMs - clock.now(), deadlineMs - acceptedMs);
    return { command, answerTo, moves, owner: this, untilMs: clock.monotonic() + leftMs };
  }

  /** Time left until the deadline, ms: by the hub's clock, or by the monotonic one should the hub's have been set back. */
  #leftMs({ command, untilMs }: OpenCommand): number {
    const { clock } = this.#deps;
    const byWallClock = command.deadlineMs - clock.now();
    const byMonotonic = untilMs - clock.monotonic();
    return byMonotonic < byWallClock - slewMs ? byMonotonic : byWallClock;
  }

  #apply(open: OpenCommand, event: CommandEvent): void {
    const before = open.command.status;
    const { command, journal, effects } = step(open.command, event, this.#deps.clock.now());
    open.command = command;
    if (effects.includes('recall')) this.#recallDue = true;
    if (command.status !== before) this.#deps.changed(open);
    if (!journal && effects.length === 0) return;
    this.#enqueue(async () => {
      if (open.notOurs === true) return;
      if (journal && !(await this.#save(open, command))) {
        this.#letGo(open);
        return;
      }
      const ended = command.status !== before && isFinal(command.status);
      // It was let go while it was on its way to the journal; an end that is there is published by whoever has written it.
      if (!isOurs(open) && !ended) return;
      this.#perform(open, { command, effects, journal });
      if (ended && isOurs(open)) {
        this.commands.delete(command.id);
        this.#deps.counters.finals[command.status]++;
        this.#deps.ended(open);
        this.#advance();
      }
    });
  }

  /** What becomes of the command is decided by whoever the journal says it belongs to, and published there. */
  #letGo(open: OpenCommand): void {
    // It was let go already, while this was on its way.
    if (open.notOurs === true) return;
    this.#deps.counters.notOurs++;
    this.#deps.log.info(
      { device: this.device, command: open.command.id },
      'the command is not ours any more',
    );
    this.#forget(open);
    this.#advance();
  }

  #forget(open: OpenCommand): void {
    open.notOurs = true;
    this.commands.delete(open.command.id);
    this.#deps.ended(open);
  }

  /** Recalls what is uncertain, then gives the device its next commands, as far as it is free. */
  #advance(): void {
    if (this.#arriving) return;
    if (this.#recallDue) {
      this.#recallDue = false;
      this.#enqueue(() => this.#recall());
    }
    const session = this.#session;
    if (session === undefined) return;
    if (this.#deps.clock.monotonic() < this.#recallEndsMs && this.uncertain() > 0) return;
    const underWay: Command[] = [];
    for (const { command } of this.commands.values()) if (isUnderWay(command)) underWay.push(command);
    for (const open of this.commands.values()) {
      if (!isUnsent(open.command)) continue;
      // In the order of acceptance: one that may not be sent yet is not overtaken.
      if (!fitsBeside(open.command, underWay)) return;
      // One that was accepted while the device was away, and is longer than it can receive.
      const { outbox } = session;
      const bytesOf = outbox.binary ? (frame: CommandFrame): number => outbox.bytesOf(frame) : undefined;
      if (commandFrameBytes(open.command, outbox.maxFrameBytes, bytesOf) > outbox.maxFrameBytes) {
        this.#apply(open, { kind: 'refused', reason: 'too-large' });
        continue;
      }
      open.session = session;
      const late = this.#leftMs(open) <= 0;
      this.#apply(open, { kind: 'turn', boot: session.boot, persists: session.persistsCommands, late });
      if (isUnderWay(open.command)) underWay.push(open.command);
    }
  }

  #perform(open: OpenCommand, { command, effects, journal }: Step): void {
    const { answers, counters, log } = this.#deps;
    for (const effect of effects) {
      if (effect === 'write-command' && !this.#writeCommand(open)) return;
      if (effect === 'announce') answers.announce({ command, answerTo: open.answerTo }, journal);
      if (effect === 'write-cancel') this.#session?.send({ type: 'cancel', re: command.id });
      if (effect === 'ack') this.#session?.send({ type: 'ack', re: command.id });
      if (effect === 'disown') {
        counters.disowned++;
        this.#session?.send({ type: 'nack', re: command.id, code: 'unknown-command', retry: false });
      }
      if (effect === 'note-late') {
        counters.lateResults++;
        log.info(
          { device: this.device, command: command.id, status: command.status },
          'a late result changes nothing',
        );
      }
    }
  }

  /** False when the frame was not written, which ends the command: a sent one has no second turn. */
  #writeCommand(open: OpenCommand): boolean {
    const { command, session } = open;
    const { clock } = this.#deps;
    const ttlMs = this.#leftMs(open);
    // By the hub's clock as this session has reported it to the device.
    const deadline = clock.now() + ttlMs + (session?.reportedClock.aheadMs(clock) ?? 0);
    const written =
      session !== undefined &&
      session === this.#session &&
      command.status === 'sent' &&
      !command.cancelRequested &&
      ttlMs > 0 &&
      this.#deps.mayAct?.() !== false &&
      session.send(commandFrame(command, deadline, ttlMs));
    if (written) this.#deps.counters.sent++;
    else this.#apply(open, { kind: 'not-written' });
    return written;
  }

  #recall(): void {
    const ids: string[] = [];
    for (const { command } of this.commands.values())
      if (command.status === 'uncertain') ids.push(command.id);
    for (let from = 0; from < ids.length; from += maxRecallIds) {
      this.#session?.send({ type: 'recall', ids: ids.slice(from, from + maxRecallIds) });
    }
  }

  /** Nothing else of this device happens until the journal has it. False: the command is not ours. */
  async #save({ moves }: OpenCommand, command: Command): Promise<boolean> {
    const { journal, clock, random, counters, log, faultLines } = this.#deps;
    const backoff = new Backoff({ firstMs: 100, maxMs: 10_000, random });
    for (;;) {
      try {
        return await journal.save(command, isFinal(command.status), moves);
      } catch (error) {
        counters.journalFaults++;
        if (faultLines.take()) {
          const { device } = this;
          const faults = counters.journalFaults;
          log.error(
            { device, command: command.id, faults, reason: messageOf(error) },
            'the journal cannot be written',
          );
        }
        if (this.#deps.closing()) throw error;
        await wait(clock, backoff.next());
      }
    }
  }

  #enqueue(task: () => Promise<void> | void): void {
    this.#tail = this.#tail.then(task).catch((error: unknown) => {
      this.#deps.log.error({ device: this.device, err: error }, 'a command transition was left unfinished');
    });
  }
}

/** Another hub may get it at any time. */
function isOurs({ notOurs }: OpenCommand): boolean {
  return notOurs !== true;
}
