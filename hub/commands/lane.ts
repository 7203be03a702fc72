import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { backoff, wait, type Clock } from '../kernel/time.ts';
import type { Answers } from './answers.ts';
import type { CommandCounters } from './command-counters.ts';
import {
  fitsBeside,
  isFinal,
  isUnderWay,
  isUnsent,
  mayWait,
  step,
  type Command,
  type CommandEvent,
  type Step,
} from './command.ts';
import type { AnswerAddress, CommandJournal, CommandRecord } from './journal.ts';
import type { CommandPeer } from './command-session.ts';

/** A command without a final status in the journal. */
export interface Tracked {
  command: Command;
  readonly answerTo?: AnswerAddress;
  readonly lane: Lane;
  /** When it is late by the monotonic clock, which cannot be set back. */
  readonly untilMs: number;
  /** The session it was given to. */
  peer?: CommandPeer;
}

/** What all lanes share. */
export interface LanesDeps {
  clock: Clock;
  random: () => number;
  log: Log;
  journal: CommandJournal;
  answers: Answers;
  counters: CommandCounters;
}

export interface LaneDeps extends LanesDeps {
  /** The command's state, and so perhaps its due time, is another. */
  changed(tracked: Tracked): void;
  /** Its final status is in the journal. */
  ended(tracked: Tracked): void;
  /** True once the dispatcher closes: what is not journalled yet is left as the journal has it. */
  closing(): boolean;
}

/** New commands wait this long for the answers to a recall. */
const recallPatienceMs = 5_000;
const maxRecallIds = 500;
/** Less than this apart, the wall clock and the monotonic one only run unevenly. */
const slewMs = 100;

/**
 * The commands of one device. State moves in memory at once; journal writes and what follows from them run one
 * after another, so nothing is told before it is on disk, and everything is told in the order it happened.
 */
export class Lane {
  readonly device: string;
  /** In the order of acceptance. */
  readonly commands = new Map<string, Tracked>();
  readonly #deps: LaneDeps;
  #peer: CommandPeer | undefined;
  #tail: Promise<void> = Promise.resolve();
  #recallDue = false;
  #holdUntil = 0;
  /** Between the sessions of a takeover. */
  #handingOver = false;

  constructor(device: string, deps: LaneDeps) {
    this.device = device;
    this.#deps = deps;
  }

  get peer(): CommandPeer | undefined {
    return this.#peer;
  }

  /** It has a session, or is just opening one that takes over from another. */
  get isPresent(): boolean {
    return this.#peer !== undefined || this.#handingOver;
  }

  /** What is journalled and told later than now; resolves when it is. */
  get settled(): Promise<void> {
    return this.#tail;
  }

  /** Takes up a command from the journal at start. */
  restore(record: CommandRecord): void {
    const tracked = this.#track(record);
    this.commands.set(record.command.id, tracked);
    this.#deps.changed(tracked);
    this.#apply(tracked, { kind: 'hub-restarted' });
  }

  /** Takes up a command just journalled as `accepted`. */
  add(record: CommandRecord): Tracked {
    const tracked = this.#track(record);
    const { command } = record;
    for (const older of this.commands.values()) {
      const replaced = command.offline === 'latest' && older.command.name === command.name;
      if (replaced) this.#apply(older, { kind: 'superseded' });
    }
    this.commands.set(command.id, tracked);
    this.#deps.changed(tracked);
    this.#enqueue(() => this.#deps.answers.announce(record));
    this.#advance();
    if (tracked.command.status === 'accepted') {
      const reason = this.isPresent ? 'busy' : 'offline';
      const waits = mayWait(command) || (this.isPresent && command.safety !== 'critical');
      this.#apply(tracked, waits ? { kind: 'held' } : { kind: 'refused', reason });
    }
    return tracked;
  }

  /** Resolves when the event and what follows from it are journalled and told. */
  handle(tracked: Tracked, event: CommandEvent): Promise<void> {
    this.#apply(tracked, event);
    this.#advance();
    return this.#tail;
  }

  /** Hands an event to every command. */
  handleAll(event: CommandEvent): Promise<void> {
    for (const tracked of this.commands.values()) this.#apply(tracked, event);
    this.#advance();
    return this.#tail;
  }

  open(peer: CommandPeer): void {
    this.#peer = peer;
    this.#handingOver = false;
    for (const tracked of this.commands.values()) this.#apply(tracked, { kind: 'session-opened' });
    if (this.#recallDue) {
      this.#holdUntil = this.#deps.clock.monotonic() + recallPatienceMs;
      this.#deps.clock.after(recallPatienceMs, () => this.#advance());
    }
    this.#advance();
  }

  /** Does nothing for a session that a newer one has replaced. */
  closed(peer: CommandPeer): void {
    if (this.#peer !== peer) return;
    this.#peer = undefined;
    void this.handleAll({ kind: 'session-closed' });
  }

  /** The device is there all the time: what waits for it waits on, and what it was sent is asked for again. */
  replaced(peer: CommandPeer): void {
    if (this.#peer !== peer) return;
    this.#peer = undefined;
    this.#handingOver = true;
    for (const tracked of this.commands.values()) {
      if (!isUnsent(tracked.command)) this.#apply(tracked, { kind: 'session-closed' });
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
    if (this.#peer === undefined || this.uncertain() === 0) return;
    this.#recallDue = true;
    this.#advance();
  }

  #track(record: CommandRecord): Tracked {
    const { clock } = this.#deps;
    return { ...record, lane: this, untilMs: clock.monotonic() + record.command.deadlineMs - clock.now() };
  }

  /** Time left until the deadline, ms: by the hub's clock, or by what has passed should that have been set back. */
  #leftMs({ command, untilMs }: Tracked): number {
    const { clock } = this.#deps;
    const byClock = command.deadlineMs - clock.now();
    const byTime = untilMs - clock.monotonic();
    return byTime < byClock - slewMs ? byTime : byClock;
  }

  #apply(tracked: Tracked, event: CommandEvent): void {
    const before = tracked.command.status;
    const { command, journal, effects } = step(tracked.command, event, this.#deps.clock.now());
    tracked.command = command;
    if (effects.includes('recall')) this.#recallDue = true;
    if (command.status !== before) this.#deps.changed(tracked);
    if (!journal && effects.length === 0) return;
    this.#enqueue(async () => {
      if (journal) await this.#save(command);
      this.#perform(tracked, { command, effects, journal });
      if (command.status !== before && isFinal(command.status)) {
        this.commands.delete(command.id);
        this.#deps.counters.finals[command.status]++;
        this.#deps.ended(tracked);
        this.#advance();
      }
    });
  }

  /** Recalls what is uncertain, then gives the device its next commands, as far as it is free. */
  #advance(): void {
    if (this.#recallDue) {
      this.#recallDue = false;
      this.#enqueue(() => this.#recall());
    }
    const peer = this.#peer;
    if (peer === undefined) return;
    if (this.#deps.clock.monotonic() < this.#holdUntil && this.uncertain() > 0) return;
    const underWay: Command[] = [];
    for (const { command } of this.commands.values()) if (isUnderWay(command)) underWay.push(command);
    for (const tracked of this.commands.values()) {
      if (!isUnsent(tracked.command)) continue;
      // In the order of acceptance: what may not go yet is not overtaken.
      if (!fitsBeside(tracked.command, underWay)) return;
      tracked.peer = peer;
      const late = this.#leftMs(tracked) <= 0;
      this.#apply(tracked, { kind: 'turn', boot: peer.boot, persists: peer.persistsCommands, late });
      if (isUnderWay(tracked.command)) underWay.push(tracked.command);
    }
  }

  #perform(tracked: Tracked, { command, effects, journal }: Step): void {
    const { answers, counters, log } = this.#deps;
    for (const effect of effects) {
      if (effect === 'write-command' && !this.#writeCommand(tracked)) return;
      if (effect === 'announce') answers.announce(recordOf(tracked, command), journal);
      if (effect === 'write-cancel') this.#peer?.send({ type: 'cancel', re: command.id });
      if (effect === 'ack') this.#peer?.send({ type: 'ack', re: command.id });
      if (effect === 'disown') {
        counters.disowned++;
        this.#peer?.send({ type: 'nack', re: command.id, code: 'unknown-command', retry: false });
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
  #writeCommand(tracked: Tracked): boolean {
    const { command, peer } = tracked;
    const { clock } = this.#deps;
    const ttlMs = this.#leftMs(tracked);
    const { id, name, params, safety } = command;
    // In the terms of what this session has told the device of the hub's clock.
    const deadline = clock.now() + ttlMs + (peer?.toldTime.aheadMs(clock) ?? 0);
    const written =
      peer !== undefined &&
      peer === this.#peer &&
      command.status === 'sent' &&
      !command.cancelRequested &&
      ttlMs > 0 &&
      peer.send({ type: 'command', id, name, params, deadline, ttlMs, safety });
    if (written) this.#deps.counters.sent++;
    else this.#apply(tracked, { kind: 'not-written' });
    return written;
  }

  #recall(): void {
    const ids: string[] = [];
    for (const { command } of this.commands.values())
      if (command.status === 'uncertain') ids.push(command.id);
    for (let from = 0; from < ids.length; from += maxRecallIds) {
      this.#peer?.send({ type: 'recall', ids: ids.slice(from, from + maxRecallIds) });
    }
  }

  /** Nothing of this device goes on until the journal has it. */
  async #save(command: Command): Promise<void> {
    const { journal, clock, random, counters, log } = this.#deps;
    for (const waitMs of backoff({ firstMs: 100, maxMs: 10_000, random })) {
      try {
        return await journal.save(command, isFinal(command.status));
      } catch (error) {
        counters.journalFaults++;
        log.error(
          { device: this.device, command: command.id, reason: messageOf(error) },
          'the journal cannot be written',
        );
        if (this.#deps.closing()) throw error;
        await wait(clock, waitMs);
      }
    }
  }

  #enqueue(task: () => Promise<void> | void): void {
    this.#tail = this.#tail.then(task).catch((error: unknown) => {
      this.#deps.log.error({ device: this.device, err: error }, 'a command transition was left unfinished');
    });
  }
}

function recordOf({ answerTo }: Tracked, command: Command): CommandRecord {
  return answerTo === undefined ? { command } : { command, answerTo };
}
