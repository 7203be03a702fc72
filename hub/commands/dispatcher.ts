import type { FieldError, ProgressFrame, ResultFrame } from '../../schemas/index.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { Auditor } from '../audit/audit.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import { Answers, type CommandWatcher } from './answers.ts';
import type { IncomingMessage, Publisher } from '../bus/bus.ts';
import { CommandAudit, type Ask } from './command-audit.ts';
import { newCommandCounters, type CommandCounters } from './command-counters.ts';
import type { CommandRequest, Refusal } from './command-request.ts';
import type { Command, CommandEvent } from './command.ts';
import { Intake, type RequestContext, type Submission } from './command-intake.ts';
import type { GroupDoor } from './mqtt-group-requests.ts';
import type { CommandJournal, CommandRecord } from './journal.ts';
import type { Tracked } from './lane.ts';
import { Lanes } from './lanes.ts';
import { MqttDoor } from './mqtt-requests.ts';
import { OwnTimers } from './own-timers.ts';
import type { CommandEvents, CommandPeer, DeviceDirectory } from './command-session.ts';
import { topicsOf } from '../bus/topics.ts';

export interface DispatcherDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  directory: DeviceDirectory;
  publisher: Publisher;
  /** It writes the audit of each state with the state itself; what is refused, or asked besides, goes to `audit`. */
  journal: CommandJournal;
  audit: Pick<Auditor, 'record'>;
  /** Sees each state of every command once it is in the journal; must not throw. */
  watch?: CommandWatcher;
}

export interface DispatcherOptions {
  /** The root of the MQTT topics. */
  root: string;
  /** Commands without a final status, in all; further ones are refused `too-many`. */
  maxOpen?: number;
  maxOpenPerDevice?: number;
  /** How often an open session is asked again about what is uncertain. */
  recallIntervalMs?: number;
  /** How long ended commands are kept, and so how long their ids are known. */
  keepFinalsMs?: number;
}

export interface Dispatcher extends CommandEvents {
  /**
   * A message from the bus. Resolves when it may be PUBACKed: journalled, or answered with a refusal.
   * @throws HubError `bus-unavailable` when the hub is stopping: the message must come again
   */
  message(message: IncomingMessage): Promise<void>;
  /** The one way in for every door. Resolves once the command is on disk, or refused. @throws as `message` */
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
  check(request: CommandRequest): Refusal | undefined;
  /** Counts a refusal that a door itself has found, and notes it in the audit. */
  refused(refusal: Refusal, ask: Ask): Refusal;
  /** What else was asked for and done, for the audit. */
  readonly audit: CommandAudit;
  /** A session of the device is open. */
  connected(device: string): boolean;
  /** From now on group commands from the bus go here; before, they are not taken. */
  serveGroups(groups: Pick<GroupDoor, 'command'>): void;
  /** Ends all its commands; resolves once that is on disk. */
  deviceRemoved(device: string): Promise<void>;
  /** The bus is there (again): what is owed goes out. */
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
 * Takes up what the journal holds and starts giving commands to devices. Nothing is published before the first
 * `busConnected()`.
 * @throws HubError `database-failed` when the journal cannot be read
 */
export async function startDispatcher(deps: DispatcherDeps, options: DispatcherOptions): Promise<Dispatcher> {
  const dispatcher = new CommandDispatcher(deps, options);
  await dispatcher.restore();
  return dispatcher;
}

class CommandDispatcher implements Dispatcher {
  readonly counters = newCommandCounters();
  readonly audit: CommandAudit;
  readonly #deps: DispatcherDeps;
  readonly #intervals: { recallMs: number; keepFinalsMs: number };
  readonly #answers: Answers;
  readonly #lanes: Lanes;
  readonly #intake: Intake;
  readonly #door: MqttDoor;
  readonly #timers: OwnTimers;
  #lookups = 0;

  constructor(given: DispatcherDeps, options: DispatcherOptions) {
    this.#timers = new OwnTimers(given.clock);
    const deps = { ...given, clock: this.#timers };
    this.#deps = deps;
    this.audit = new CommandAudit(given.audit);
    this.#intervals = {
      recallMs: options.recallIntervalMs ?? 30_000,
      keepFinalsMs: options.keepFinalsMs ?? 7 * 24 * 3_600_000,
    };
    const { counters } = this;
    const topics = topicsOf(options.root);
    this.#answers = new Answers({ ...deps, counters, topics, watch: deps.watch ?? ((): void => {}) });
    this.#lanes = new Lanes({ ...deps, counters, answers: this.#answers });
    this.#intake = new Intake(
      { ...deps, counters, audit: this.audit, answers: this.#answers, lanes: this.#lanes },
      { maxOpen: options.maxOpen ?? 10_000, maxOpenPerDevice: options.maxOpenPerDevice ?? 64 },
    );
    this.#door = new MqttDoor({
      ...deps,
      topics,
      answers: this.#answers,
      dispatcher: this,
      intake: this.#intake,
    });
  }

  async restore(): Promise<void> {
    const { clock, journal } = this.#deps;
    for (const record of await journal.open()) this.#lanes.restore(record);
    clock.every(this.#intervals.recallMs, () => this.#lanes.recallAgain());
    clock.every(pruneIntervalMs, () => void this.#prune());
  }

  message(message: IncomingMessage): Promise<void> {
    return this.#door.message(message);
  }

  submit(request: CommandRequest, context?: RequestContext): Promise<Submission> {
    return this.#intake.submit(request, context);
  }

  find(device: string, id: string): Promise<CommandRecord | undefined> {
    return this.#intake.find(device, id);
  }

  check(request: CommandRequest): Refusal | undefined {
    return this.#intake.check(request);
  }

  refused(refusal: Refusal, ask: Ask): Refusal {
    this.#intake.refused(refusal, ask);
    return refusal;
  }

  serveGroups(groups: Pick<GroupDoor, 'command'>): void {
    this.#door.groups = groups;
  }

  connected(device: string): boolean {
    return this.#lanes.get(device)?.isPresent === true;
  }

  async cancel(device: string, id: string, requester?: Requester): Promise<Command | undefined> {
    const ask: Ask = { action: 'command.cancel', subject: `${device}/${id}`, requester };
    let record: CommandRecord | undefined;
    try {
      record = await this.find(device, id);
    } catch (error) {
      this.refused({ reason: 'unavailable' }, ask);
      throw error;
    }
    const tracked = this.#lanes.get(device)?.commands.get(id);
    if (tracked === undefined) {
      if (record === undefined) this.refused({ reason: 'unknown-command' }, ask);
      else if (requester !== undefined) this.audit.asked(ask, record.command.status);
      return record?.command;
    }
    const written = tracked.lane.handle(tracked, { kind: 'cancel-requested' });
    const { command } = tracked;
    await written;
    if (requester !== undefined) this.audit.asked(ask, command.status);
    return command;
  }

  async deviceRemoved(device: string): Promise<void> {
    await this.#intake.arrived(device);
    await this.#lanes.get(device)?.handleAll({ kind: 'device-removed' });
  }

  busConnected(): void {
    this.#answers.busConnected();
  }

  /** The ids the device names as unresolved need no word: their results come, or the recall asks for them. */
  sessionOpened(peer: CommandPeer, _unresolved: readonly string[]): void {
    this.#lanes.of(peer.deviceId).open(peer);
  }

  sessionClosed(peer: CommandPeer): void {
    const lane = this.#lanes.get(peer.deviceId);
    if (lane === undefined) return;
    lane.closed(peer);
    this.#lanes.dropIdle(lane);
  }

  sessionReplaced(peer: CommandPeer): void {
    this.#lanes.get(peer.deviceId)?.replaced(peer);
  }

  takeoverFailed(deviceId: string): void {
    const lane = this.#lanes.get(deviceId);
    if (lane === undefined) return;
    lane.takeoverFailed();
    this.#lanes.dropIdle(lane);
  }

  received(peer: CommandPeer, re: string): void {
    this.#hear(peer, re, { kind: 'received' });
  }

  progress(peer: CommandPeer, { re, percent, note }: ProgressFrame): void {
    const shares = { ...(percent === undefined ? {} : { percent }), ...(note === undefined ? {} : { note }) };
    this.#hear(peer, re, { kind: 'progress', ...shares });
  }

  result(peer: CommandPeer, frame: ResultFrame): void {
    if (this.#lanes.get(peer.deviceId)?.peer !== peer) return;
    const tracked = this.#trackedOf(peer, frame.re);
    if (tracked === undefined) void this.#resultOfNoOpenCommand(peer, frame);
    else if (frame.status === 'unknown') {
      this.#hear(peer, frame.re, { kind: 'unknown', boot: peer.boot, persists: peer.persistsCommands });
    } else {
      const { status, error } = frame;
      const { reason, ...judged } = this.#judgeOutput(peer, tracked.command, frame);
      const words = error === undefined || error === '' ? reason : error.slice(0, maxReason);
      this.#hear(peer, frame.re, {
        kind: 'result',
        status,
        ...judged,
        ...(words === undefined ? {} : { error: words }),
      });
    }
  }

  levels(): { open: number; uncertain: number } {
    return { open: this.#lanes.open, uncertain: this.#lanes.uncertain() };
  }

  openOf(mayShow: (device: string) => boolean): number {
    return this.#lanes.openOf(mayShow);
  }

  async close(): Promise<void> {
    this.#timers.cancelAll();
    this.#answers.close();
    const settled = this.#intake.close().then(() => this.#lanes.close());
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    this.#timers.after(closeTimeoutMs, resolve);
    await Promise.race([settled, tooLong]);
    this.#timers.cancelAll();
  }

  /** Only the newest session's word counts. */
  #trackedOf(peer: CommandPeer, id: string): Tracked | undefined {
    const lane = this.#lanes.get(peer.deviceId);
    return lane?.peer === peer ? lane.commands.get(id) : undefined;
  }

  #hear(peer: CommandPeer, id: string, event: CommandEvent): void {
    const tracked = this.#trackedOf(peer, id);
    if (tracked !== undefined) void tracked.lane.handle(tracked, event);
  }

  /** The journal tells a late result from one of a command that was never this device's. */
  async #resultOfNoOpenCommand(peer: CommandPeer, { re, status }: ResultFrame): Promise<void> {
    if (this.#lookups >= maxLookups) {
      this.counters.overloaded++;
      peer.send({ type: 'nack', re, code: 'overloaded', retry: true, retryAfterMs: 1_000 });
      return;
    }
    this.#lookups++;
    try {
      const known = (await this.#deps.journal.find(peer.deviceId, re)) !== undefined;
      if (known || status === 'unknown') peer.send({ type: 'ack', re });
      else peer.send({ type: 'nack', re, code: 'unknown-command', retry: false });
      if (!known && status !== 'unknown') this.counters.disowned++;
      if (known && status !== 'unknown') {
        this.counters.lateResults++;
        this.#deps.log.info(
          { device: peer.deviceId, command: re, result: status },
          'a late result changes nothing',
        );
      }
    } catch (error) {
      // Unanswered: the device says it again in its next session.
      this.#deps.log.error(
        { device: peer.deviceId, command: re, reason: messageOf(error) },
        'a late result waits',
      );
    } finally {
      this.#lookups--;
    }
  }

  /** An output against the schema is dropped and named; the status stands. */
  #judgeOutput(
    peer: CommandPeer,
    command: Command,
    { status, output }: ResultFrame,
  ): { output?: unknown; errors?: FieldError[]; reason?: string } {
    if (output === undefined && status !== 'succeeded') return {};
    const fault = peer.type.commands.get(command.name)?.checkOutput(output);
    if (fault === undefined) return output === undefined ? {} : { output };
    this.counters.badOutputs++;
    return { errors: [fault], reason: 'bad-output' };
  }

  async #prune(): Promise<void> {
    const nowMs = this.#deps.clock.now();
    try {
      await this.#deps.journal.prune(nowMs - this.#intervals.keepFinalsMs, nowMs);
    } catch (error) {
      this.#deps.log.error({ reason: messageOf(error) }, 'ended commands could not be pruned');
    }
  }
}
