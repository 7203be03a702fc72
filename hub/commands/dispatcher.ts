import { cutText } from '../../schemas/cut-text.ts';
import { isFinal } from '../../schemas/command-status.ts';
import type { FieldError, ProgressFrame, ResultFrame } from '../../schemas/index.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { Topics } from '../bus/topics.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import { Answers, type CommandFollower } from './answers.ts';
import { CommandAcceptance, type RequestContext, type Submission } from './command-acceptance.ts';
import { cancelEntry, type CommandAudit } from './command-audit.ts';
import { Shares } from '../kernel/share.ts';
import type { CommandCounters } from './command-counters.ts';
import type { CommandRequest, CommandRefusal } from './command-request.ts';
import type { CommandEvents, CommandSession, DeviceDirectory } from './command-session.ts';
import type { Command, CommandEvent } from './command.ts';
import type { OpenCommand } from './device-commands.ts';
import type { CommandJournal, CommandRecord } from './journal.ts';
import { CommandMoves } from './command-moves.ts';
import { OpenCommands } from './open-commands.ts';
import { OwnTimers } from './own-timers.ts';
import type { SharedCommands } from './shared-commands.ts';
import type { StatusPublisher } from './status-publisher.ts';

export interface DispatcherDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  directory: DeviceDirectory;
  /** It writes the audit entry of each state together with the state; other requests go to `audit`. */
  journal: CommandJournal;
  audit: CommandAudit;
  topics: Topics;
  statuses: StatusPublisher;
  counters: CommandCounters;
  followers: readonly CommandFollower[];
  /** Given when other hubs deliver commands, too. */
  shared?: SharedCommands | undefined;
  /** Commands are part of traces, and devices get their part. */
  isTracing?: boolean | undefined;
}

export interface DispatcherOptions {
  /**
   * Commands without a final status that one requester may have, while nobody else has any; further ones are refused
   * `too-many`. There is room for twice as many.
   */
  maxOpen?: number;
  /** The same of one device. */
  maxOpenPerDevice?: number;
  /** How often an open session is asked again about what is uncertain. */
  recallIntervalMs?: number;
  /** How long ended commands are kept, and so how long their ids are known. */
  keepFinalsMs?: number;
}

export interface Dispatcher extends CommandEvents, Pick<DeviceFollower, 'moved'> {
  /**
   * Every request comes through here, whatever its origin. Resolves once the command is on disk, or refused.
   * @throws HubError `bus-unavailable` when the hub is stopping, `database-failed` when the journal died half-way
   */
  submit(request: CommandRequest, context?: RequestContext): Promise<Submission>;
  /**
   * Resolves once the request is on disk; undefined when there is no such command.
   * @param requester who asks, for the audit; not given: the hub itself
   * @throws HubError `database-failed`
   */
  cancel(device: string, id: string, requester?: Requester): Promise<Command | undefined>;
  /** @throws HubError `database-failed` */
  find(device: string, id: string): Promise<CommandRecord | undefined>;
  /** Why a request like this would be refused now; undefined when it would not. */
  check(request: CommandRequest): CommandRefusal | undefined;
  /** A session of the device is open. */
  connected(device: string): boolean;
  /** It is open, and this hub delivers it. */
  has(device: string, id: string): boolean;
  /** Another hub was asked to cancel it, and this one has it. */
  cancelHere(device: string, id: string): void;
  /** Ends all its commands; resolves once that is on disk. */
  removed(device: string): Promise<void>;
  /** What becomes of commands when devices move between hubs. */
  readonly moves: CommandMoves;
  /** The bus is there, for the first time or again: what is owed goes out. */
  busConnected(): void;
  readonly counters: Readonly<CommandCounters>;
  /** Commands without a final status now, and how many of them are uncertain. */
  levels(): { open: number; uncertain: number };
  /** Commands without a final status now, of these devices. */
  openOf(mayShow: (device: string) => boolean): number;
  close(): Promise<void>;
}

const pruneIntervalMs = 60_000;
const maxLookups = 256;
const closeTimeoutMs = 5_000;
const maxReason = 256;

/**
 * Resumes what the journal holds and starts giving commands to devices. Nothing is published before the first
 * `busConnected()`.
 * @throws HubError `database-failed` when the journal cannot be read
 */
export async function startDispatcher(
  deps: DispatcherDeps,
  options: DispatcherOptions = {},
): Promise<Dispatcher> {
  const dispatcher = new CommandDispatcher(deps, options);
  await dispatcher.restore();
  return dispatcher;
}

class CommandDispatcher implements Dispatcher {
  readonly counters: CommandCounters;
  readonly #deps: DispatcherDeps;
  readonly #intervals: { recallMs: number; keepFinalsMs: number };
  readonly #answers: Answers;
  readonly #commands: OpenCommands;
  readonly #acceptance: CommandAcceptance;
  readonly #timers: OwnTimers;
  readonly moves: CommandMoves;
  #lookups = 0;

  constructor(given: DispatcherDeps, options: DispatcherOptions) {
    this.#timers = new OwnTimers(given.clock);
    const deps = { ...given, clock: this.#timers };
    this.#deps = deps;
    this.counters = deps.counters;
    this.#intervals = {
      recallMs: options.recallIntervalMs ?? 30_000,
      keepFinalsMs: options.keepFinalsMs ?? 7 * 24 * 3_600_000,
    };
    this.#answers = new Answers(deps);
    const shares = new Shares(2 * (options.maxOpen ?? 10_000));
    const common = { ...deps, answers: this.#answers, mayAct: deps.shared?.mayAct };
    this.#commands = new OpenCommands(common, shares);
    this.#acceptance = new CommandAcceptance(
      { ...common, commands: this.#commands, shares },
      options.maxOpenPerDevice ?? 64,
    );
    this.moves = new CommandMoves({
      ...common,
      commands: this.#commands,
      isArriving: (device, id) => this.#acceptance.isArriving(device, id),
      arrived: (device) => this.#acceptance.arrived(device),
    });
  }

  async restore(): Promise<void> {
    const { clock, journal } = this.#deps;
    for (const record of await journal.open()) this.#commands.restore(record);
    clock.every(this.#intervals.recallMs, () => this.#commands.recallAgain());
    clock.every(pruneIntervalMs, () => void this.#prune());
    this.moves.start();
  }

  submit(request: CommandRequest, context?: RequestContext): Promise<Submission> {
    return this.#acceptance.submit(request, context);
  }

  find(device: string, id: string): Promise<CommandRecord | undefined> {
    return this.#acceptance.find(device, id);
  }

  check(request: CommandRequest): CommandRefusal | undefined {
    return this.#acceptance.check(request);
  }

  connected(device: string): boolean {
    return this.#commands.get(device)?.isPresent === true;
  }

  has(device: string, id: string): boolean {
    return this.#commands.get(device)?.commands.has(id) === true;
  }

  async cancel(device: string, id: string, requester?: Requester): Promise<Command | undefined> {
    const { audit } = this.#deps;
    const entry = cancelEntry(device, id, requester);
    let record: CommandRecord | undefined;
    try {
      record = await this.find(device, id);
    } catch (error) {
      audit.refused({ reason: 'unavailable' }, entry);
      throw error;
    }
    const open = this.#commands.get(device)?.commands.get(id);
    if (open === undefined) {
      if (record === undefined) audit.refused({ reason: 'unknown-id' }, entry);
      else if (requester !== undefined) audit.asked(entry, record.command.status);
      if (record !== undefined && !isFinal(record.command.status))
        this.#deps.shared?.passOnCancel(device, id);
      return record?.command;
    }
    const written = open.owner.handle(open, { kind: 'cancel-requested' });
    const { command } = open;
    await written;
    if (requester !== undefined) audit.asked(entry, command.status);
    return command;
  }

  cancelHere(device: string, id: string): void {
    const open = this.#commands.get(device)?.commands.get(id);
    if (open !== undefined) void open.owner.handle(open, { kind: 'cancel-requested' });
  }

  moved(device: string, _epoch: number, { commands }: { commands: number }): void {
    this.moves.movedHere(device, commands);
  }

  async removed(device: string): Promise<void> {
    await this.#acceptance.arrived(device);
    await this.#commands.get(device)?.handleAll({ kind: 'device-removed' });
  }

  busConnected(): void {
    this.#answers.busConnected();
  }

  sessionOpened(session: CommandSession): void {
    this.#commands.of(session.deviceId).sessionOpened(session);
  }

  sessionClosed(session: CommandSession): void {
    const commands = this.#commands.get(session.deviceId);
    if (commands === undefined) return;
    commands.sessionClosed(session);
    this.#commands.dropIdle(commands);
  }

  sessionReplaced(session: CommandSession): void {
    this.#commands.get(session.deviceId)?.sessionReplaced(session);
  }

  takeoverFailed(deviceId: string): void {
    const commands = this.#commands.get(deviceId);
    if (commands === undefined) return;
    commands.takeoverFailed();
    this.#commands.dropIdle(commands);
  }

  received(session: CommandSession, re: string): void {
    this.#report(session, re, { kind: 'received' });
  }

  progress(session: CommandSession, { re, percent, note }: ProgressFrame): void {
    this.#report(session, re, { kind: 'progress', percent, note });
  }

  result(session: CommandSession, frame: ResultFrame, leftOut?: FieldError): void {
    if (this.#commands.get(session.deviceId)?.session !== session) return;
    const open = this.#openOf(session, frame.re);
    if (open === undefined) void this.#resultOfNoOpenCommand(session, frame);
    else void open.owner.handle(open, this.#resultEvent(session, open.command, frame, leftOut));
  }

  levels(): { open: number; uncertain: number } {
    return { open: this.#commands.open, uncertain: this.#commands.uncertain() };
  }

  openOf(mayShow: (device: string) => boolean): number {
    return this.#commands.openOf(mayShow);
  }

  async close(): Promise<void> {
    this.#timers.cancelAll();
    const noted = this.#answers.close();
    const settled = Promise.all([noted, this.#acceptance.close().then(() => this.#commands.close())]);
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    this.#timers.after(closeTimeoutMs, resolve);
    await Promise.race([settled, tooLong]);
    this.#timers.cancelAll();
  }

  /** Only what the newest session reports counts. */
  #openOf(session: CommandSession, id: string): OpenCommand | undefined {
    const commands = this.#commands.get(session.deviceId);
    return commands?.session === session ? commands.commands.get(id) : undefined;
  }

  #report(session: CommandSession, id: string, event: CommandEvent): void {
    const open = this.#openOf(session, id);
    if (open !== undefined) void open.owner.handle(open, event);
  }

  /**
   * An output that violates its schema is dropped and the fault named; the status remains. So it does when something else was
   * left out because of `leftOut`: how a command ended must not be lost with a text that is too long.
   */
  #resultEvent(
    session: CommandSession,
    { name }: Command,
    frame: ResultFrame,
    leftOut: FieldError | undefined,
  ): CommandEvent {
    const { status, error, output } = frame;
    if (status === 'unknown') {
      return { kind: 'unknown', boot: session.boot, persists: session.persistsCommands };
    }
    const reason = error === undefined || error === '' ? undefined : cutText(error, maxReason);
    const judged = output !== undefined || status === 'succeeded';
    const outputFault = judged ? session.type.commands.get(name)?.checkOutput(output) : undefined;
    const fault = leftOut ?? outputFault;
    if (fault === undefined) return { kind: 'result', status, error: reason, output };
    this.counters.badOutputs++;
    const kept = outputFault === undefined ? { output } : {};
    return { kind: 'result', status, error: reason ?? 'bad-output', ...kept, errors: [fault] };
  }

  /** The journal distinguishes a late result from one of a command that was never this device's. */
  async #resultOfNoOpenCommand(session: CommandSession, { re, status }: ResultFrame): Promise<void> {
    const { journal, log } = this.#deps;
    const { deviceId: device } = session;
    if (this.#lookups >= maxLookups) {
      this.counters.overloaded++;
      session.send({ type: 'nack', re, code: 'overloaded', retry: true, retryAfterMs: 1_000 });
      return;
    }
    this.#lookups++;
    try {
      const known = (await journal.find(device, re)) !== undefined;
      if (known || status === 'unknown') session.send({ type: 'ack', re });
      else session.send({ type: 'nack', re, code: 'unknown-command', retry: false });
      if (!known && status !== 'unknown') this.counters.disowned++;
      if (known && status !== 'unknown') {
        this.counters.lateResults++;
        log.info({ device, command: re, result: status }, 'a late result changes nothing');
      }
    } catch (error) {
      // Without an answer the device reports it again in its next session.
      log.error(
        { device, command: re, reason: messageOf(error) },
        'a late result could not be looked up: the device will repeat it',
      );
    } finally {
      this.#lookups--;
    }
  }

  async #prune(): Promise<void> {
    const { clock, journal, log } = this.#deps;
    const nowMs = clock.now();
    try {
      await journal.prune(nowMs - this.#intervals.keepFinalsMs, nowMs);
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'ended commands could not be pruned');
    }
  }
}
