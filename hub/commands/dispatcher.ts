import { isDeepStrictEqual } from 'node:util';
import type { FieldError, ProgressFrame, ResultFrame } from '../../schemas/index.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../kernel/time.ts';
import { wait } from '../kernel/time.ts';
import { Answers } from './answers.ts';
import type { Publisher } from './bus.ts';
import { newCommandCounters, type CommandCounters } from './command-counters.ts';
import { newCommandId } from './command-id.ts';
import type { CommandRequest, Refusal, RefusalReason } from './command-request.ts';
import { dueMs, isFinal, mayWait, step, type Command } from './command.ts';
import { DueQueue } from './due-queue.ts';
import type { AnswerAddress, CommandJournal, CommandRecord, Delivery } from './journal.ts';
import { Lane, type LaneDeps, type Tracked } from './lane.ts';
import type { CommandEvents, CommandPeer, DeviceDirectory } from './peer.ts';
import { topicsOf } from './topics.ts';

export interface DispatcherDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  directory: DeviceDirectory;
  publisher: Publisher;
  journal: CommandJournal;
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

/** How a request came, and where its answer goes. */
export interface RequestContext {
  answerTo?: AnswerAddress;
  delivery?: Omit<Delivery, 'expiresMs'>;
  /** Time left as the broker counts it, ms: the nearer of this and the request's own counts. */
  expiryMs?: number;
  /** It lay somewhere for an unknown time: it is journalled and ends `expired`. */
  ageUnknown?: boolean;
}

export type Submission =
  /** In the journal. The command may have ended already (an offline device, an unknown age). */
  | { kind: 'accepted'; command: Command }
  /** The same request came before: the command as it stands. */
  | { kind: 'repeated'; command: Command }
  | { kind: 'refused'; refusal: Refusal };

export interface Dispatcher extends CommandEvents {
  /** The one way in for every door. Resolves once the command is on disk, or refused. */
  submit(request: CommandRequest, context?: RequestContext): Promise<Submission>;
  /** Resolves once the request is on disk; undefined when there is no such command. */
  cancel(device: string, id: string): Promise<Command | undefined>;
  find(device: string, id: string): Promise<CommandRecord | undefined>;
  wasDelivered(key: string): Promise<boolean>;
  /** Ends all its commands; resolves once that is on disk. */
  deviceRemoved(device: string): Promise<void>;
  /** The bus is there (again): owed answers go out. */
  busConnected(): void;
  readonly answers: Answers;
  readonly counters: Readonly<CommandCounters>;
  /** Commands without a final status now, and how many of them are uncertain. */
  levels(): { open: number; uncertain: number };
  close(): Promise<void>;
}

const maxParamsBytes = 60_000;
/** A redelivery after the deadline must still be known. */
const keepDeliveriesMs = 3_600_000;
/** The wall clock may be set: due times are looked at this often whatever the timer says. */
const maxTimerMs = 5_000;
const pruneIntervalMs = 60_000;
const maxLookups = 256;
const closeTimeoutMs = 5_000;

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
  readonly answers: Answers;
  readonly #deps: DispatcherDeps;
  readonly #limits: Required<Omit<DispatcherOptions, 'root'>>;
  readonly #lanes = new Map<string, Lane>();
  readonly #laneDeps: LaneDeps;
  /** Ids being journalled now, by device/id. */
  readonly #arriving = new Map<string, Promise<unknown>>();
  readonly #arrivingPerDevice = new Map<string, number>();
  readonly #due: DueQueue<Tracked>;
  readonly #cancels: Cancel[] = [];
  #timer: { atMs: number; cancel: Cancel } | undefined;
  #open = 0;
  #lookups = 0;
  #closing = false;

  constructor(deps: DispatcherDeps, options: DispatcherOptions) {
    this.#deps = deps;
    this.#limits = {
      maxOpen: options.maxOpen ?? 10_000,
      maxOpenPerDevice: options.maxOpenPerDevice ?? 64,
      recallIntervalMs: options.recallIntervalMs ?? 30_000,
      keepFinalsMs: options.keepFinalsMs ?? 7 * 24 * 3_600_000,
    };
    const { clock, random, log, journal, publisher } = deps;
    const { counters } = this;
    this.answers = new Answers({ clock, log, journal, publisher, counters, topics: topicsOf(options.root) });
    this.#due = new DueQueue(
      (tracked) => dueMs(tracked.command),
      () => this.#allTracked(),
    );
    this.#laneDeps = {
      ...{ clock, random, log, journal, counters, answers: this.answers },
      changed: (tracked) => this.#watch(tracked),
      ended: (tracked) => {
        this.#open--;
        this.#dropIdle(tracked.lane);
      },
      closing: () => this.#closing,
    };
  }

  async restore(): Promise<void> {
    const { clock, journal } = this.#deps;
    for (const record of await journal.open()) {
      this.#open++;
      this.#lane(record.command.device).restore(record);
    }
    this.#cancels.push(
      clock.every(this.#limits.recallIntervalMs, () => {
        for (const lane of this.#lanes.values()) lane.recallAgain();
      }),
      clock.every(pruneIntervalMs, () => void this.#prune()),
    );
  }

  async submit(request: CommandRequest, context: RequestContext = {}): Promise<Submission> {
    const { device, id } = request;
    if (this.#closing) throw new HubError('bus-unavailable', 'the hub is stopping');
    if (id !== undefined) {
      for (let first = this.#arriving.get(keyOf(device, id)); first !== undefined; ) {
        await first;
        first = this.#arriving.get(keyOf(device, id));
      }
      const known = await this.#known(request, id);
      if (known !== undefined) return known;
      // Another request with this id may have come while the journal was read.
      if (this.#arriving.has(keyOf(device, id))) return this.submit(request, context);
    }
    const checked = this.#check(request, context);
    if (checked.kind === 'refused') return this.#refused(checked.refusal);
    return this.#accept(checked.command, context);
  }

  async cancel(device: string, id: string): Promise<Command | undefined> {
    await this.#arriving.get(keyOf(device, id));
    const tracked = this.#lanes.get(device)?.commands.get(id);
    if (tracked === undefined) return (await this.#deps.journal.find(device, id))?.command;
    await tracked.lane.handle(tracked, { kind: 'cancel-requested' });
    return tracked.command;
  }

  async find(device: string, id: string): Promise<CommandRecord | undefined> {
    const tracked = this.#lanes.get(device)?.commands.get(id);
    return tracked ?? this.#deps.journal.find(device, id);
  }

  wasDelivered(key: string): Promise<boolean> {
    return this.#deps.journal.wasDelivered(key);
  }

  async deviceRemoved(device: string): Promise<void> {
    await this.#lanes.get(device)?.handleAll({ kind: 'device-removed' });
  }

  busConnected(): void {
    this.answers.busConnected();
  }

  /** The ids the device names as unresolved need no word: their results come, or the recall asks for them. */
  sessionOpened(peer: CommandPeer, _unresolved: readonly string[]): void {
    this.#lane(peer.deviceId).open(peer);
  }

  sessionClosed(peer: CommandPeer): void {
    const lane = this.#lanes.get(peer.deviceId);
    if (lane === undefined) return;
    lane.closed(peer);
    this.#dropIdle(lane);
  }

  received(peer: CommandPeer, re: string): void {
    const tracked = this.#trackedOf(peer, re);
    if (tracked !== undefined) void tracked.lane.handle(tracked, { kind: 'received' });
  }

  progress(peer: CommandPeer, { re, percent, note }: ProgressFrame): void {
    const tracked = this.#trackedOf(peer, re);
    if (tracked === undefined) return;
    void tracked.lane.handle(tracked, {
      kind: 'progress',
      ...(percent === undefined ? {} : { percent }),
      ...(note === undefined ? {} : { note }),
    });
  }

  result(peer: CommandPeer, frame: ResultFrame): void {
    if (this.#lanes.get(peer.deviceId)?.peer !== peer) return;
    const tracked = this.#trackedOf(peer, frame.re);
    if (tracked === undefined) {
      void this.#lateResult(peer, frame);
    } else if (frame.status === 'unknown') {
      void tracked.lane.handle(tracked, { kind: 'unknown', boot: peer.boot, persists: peer.persistsCommands });
    } else {
      const { status, error } = frame;
      const judged = this.#judgeOutput(peer, tracked.command, frame);
      const words = error === undefined || error === '' ? judged.reason : error.slice(0, 256);
      void tracked.lane.handle(tracked, {
        ...{ kind: 'result', status },
        ...(words === undefined ? {} : { error: words }),
        ...(judged.output === undefined ? {} : { output: judged.output }),
        ...(judged.errors === undefined ? {} : { errors: judged.errors }),
      });
    }
  }

  levels(): { open: number; uncertain: number } {
    let uncertain = 0;
    for (const lane of this.#lanes.values()) uncertain += lane.uncertain();
    return { open: this.#open, uncertain };
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const cancel of this.#cancels) cancel();
    this.#timer?.cancel();
    this.answers.close();
    const settled = Promise.all([...this.#arriving.values(), ...[...this.#lanes.values()].map((lane) => lane.settled)]);
    await Promise.race([settled, wait(this.#deps.clock, closeTimeoutMs)]);
  }

  /** The answer to an id the hub has met before. */
  async #known(request: CommandRequest, id: string): Promise<Submission | undefined> {
    let record: CommandRecord | undefined;
    try {
      record = await this.find(request.device, id);
    } catch (error) {
      return this.#unavailable(error);
    }
    if (record === undefined) return undefined;
    const { command } = record;
    if (command.name !== request.name || !isDeepStrictEqual(command.params, request.params)) {
      return this.#refused({ reason: 'id-conflict' });
    }
    this.counters.repeated++;
    return { kind: 'repeated', command };
  }

  /** Judges a request on its merits, now. */
  #check(
    request: CommandRequest,
    context: RequestContext,
  ): { kind: 'refused'; refusal: Refusal } | { kind: 'ok'; command: Command } {
    const refuse = (reason: RefusalReason, errors?: FieldError[]): { kind: 'refused'; refusal: Refusal } => ({
      kind: 'refused',
      refusal: errors === undefined ? { reason } : { reason, errors },
    });
    const { device, name, id, params } = request;
    const type = this.#deps.directory.typeOf(device);
    if (type === undefined) return refuse('unknown-device');
    const definition = type.commands.get(name);
    if (definition === undefined) return refuse('unknown-command');
    const { safety, offline, ttlSec } = definition;
    if (id === undefined && (safety === 'actuate' || safety === 'critical')) {
      return refuse('id-required', [{ path: '/id', keyword: 'required', expected: 'present', got: 'nothing' }]);
    }
    const fault = definition.checkParams(params);
    if (fault !== undefined) return refuse('bad-params', [fault]);
    const bytes = Buffer.byteLength(JSON.stringify(params));
    if (bytes > maxParamsBytes) {
      const expected = `at most ${maxParamsBytes} bytes`;
      return refuse('too-large', [{ path: '', keyword: 'maxLength', expected, got: `${bytes} bytes` }]);
    }
    const waiting = (this.#lanes.get(device)?.commands.size ?? 0) + (this.#arrivingPerDevice.get(device) ?? 0);
    if (waiting >= this.#limits.maxOpenPerDevice || this.#open >= this.#limits.maxOpen) return refuse('too-many');
    const { clock, random } = this.#deps;
    const acceptedMs = clock.now();
    const ttlMs = Math.min(request.ttlMs ?? Infinity, context.expiryMs ?? Infinity);
    const command: Command = {
      ...{ device, name, params, safety, offline, acceptedMs, cancelRequested: false },
      id: id ?? newCommandId(acceptedMs, random),
      deadlineMs: acceptedMs + (ttlMs === Infinity ? ttlSec * 1000 : ttlMs),
      status: 'accepted',
      changedMs: acceptedMs,
    };
    if (context.ageUnknown === true) return { kind: 'ok', command: expired(command, 'age-unknown') };
    if (acceptedMs >= command.deadlineMs) return { kind: 'ok', command: expired(command, 'deadline') };
    if (this.#lanes.get(device)?.peer === undefined && !mayWait(command)) {
      return { kind: 'ok', command: step(command, { kind: 'refused', reason: 'offline' }, acceptedMs).command };
    }
    return { kind: 'ok', command };
  }

  async #accept(command: Command, context: RequestContext): Promise<Submission> {
    const { answerTo, delivery } = context;
    const key = keyOf(command.device, command.id);
    const record: CommandRecord = answerTo === undefined ? { command } : { command, answerTo };
    const expiresMs = command.deadlineMs + keepDeliveriesMs;
    const written = this.#deps.journal.accept(record, delivery === undefined ? undefined : { ...delivery, expiresMs });
    const arriving = written.catch(() => undefined);
    this.#arriving.set(key, arriving);
    this.#countArriving(command.device, 1);
    this.#open++;
    try {
      await written;
    } catch (error) {
      this.#open--;
      return this.#unavailable(error);
    } finally {
      this.#arriving.delete(key);
      this.#countArriving(command.device, -1);
    }
    this.counters.accepted++;
    if (isFinal(command.status)) {
      this.#open--;
      this.counters.finals[command.status]++;
      this.answers.announce(record);
      return { kind: 'accepted', command };
    }
    return { kind: 'accepted', command: this.#lane(command.device).add(record).command };
  }

  #unavailable(error: unknown): Submission {
    this.#deps.log.error({ reason: messageOf(error) }, 'a command was refused: the journal does not answer');
    return this.#refused({ reason: 'unavailable' });
  }

  #refused(refusal: Refusal): Submission {
    const { refused } = this.counters;
    refused[refusal.reason] = (refused[refusal.reason] ?? 0) + 1;
    return { kind: 'refused', refusal };
  }

  #trackedOf(peer: CommandPeer, id: string): Tracked | undefined {
    const lane = this.#lanes.get(peer.deviceId);
    return lane?.peer === peer ? lane.commands.get(id) : undefined;
  }

  /** A result for what is not open: the journal tells a late one from one that was never ours. */
  async #lateResult(peer: CommandPeer, { re, status }: ResultFrame): Promise<void> {
    if (this.#lookups >= maxLookups) {
      this.counters.overloaded++;
      peer.send({ type: 'nack', re, code: 'overloaded', retry: true, retryAfterMs: 1_000 });
      return;
    }
    this.#lookups++;
    try {
      if ((await this.#deps.journal.find(peer.deviceId, re)) !== undefined) {
        if (status !== 'unknown') this.counters.lateResults++;
        peer.send({ type: 'ack', re });
      } else if (status === 'unknown') {
        peer.send({ type: 'ack', re });
      } else {
        this.counters.disowned++;
        peer.send({ type: 'nack', re, code: 'unknown-command', retry: false });
      }
    } catch (error) {
      this.#deps.log.error({ device: peer.deviceId, command: re, reason: messageOf(error) }, 'a late result waits');
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
    const definition = peer.type.commands.get(command.name);
    if (output === undefined && status !== 'succeeded') return {};
    const fault = definition?.checkOutput(output);
    if (fault === undefined) return output === undefined ? {} : { output };
    this.counters.badOutputs++;
    return { errors: [fault], reason: 'bad-output' };
  }

  #lane(device: string): Lane {
    const known = this.#lanes.get(device);
    if (known !== undefined) return known;
    const lane = new Lane(device, this.#laneDeps);
    this.#lanes.set(device, lane);
    return lane;
  }

  #dropIdle(lane: Lane): void {
    if (lane.peer === undefined && lane.commands.size === 0) this.#lanes.delete(lane.device);
  }

  #countArriving(device: string, by: number): void {
    const count = (this.#arrivingPerDevice.get(device) ?? 0) + by;
    if (count === 0) this.#arrivingPerDevice.delete(device);
    else this.#arrivingPerDevice.set(device, count);
  }

  *#allTracked(): Iterable<Tracked> {
    for (const lane of this.#lanes.values()) yield* lane.commands.values();
  }

  #watch(tracked: Tracked): void {
    this.#due.push(tracked);
    this.#armTimer();
  }

  #armTimer(): void {
    const nextMs = this.#due.nextMs();
    if (this.#closing || nextMs === undefined) return;
    const nowMs = this.#deps.clock.now();
    const atMs = Math.max(nowMs, Math.min(nextMs, nowMs + maxTimerMs));
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    this.#timer = { atMs, cancel: this.#deps.clock.after(atMs - nowMs, () => this.#onTimer()) };
  }

  #onTimer(): void {
    this.#timer = undefined;
    for (const tracked of this.#due.takeDue(this.#deps.clock.now())) {
      void tracked.lane.handle(tracked, { kind: 'deadline-passed' });
      void tracked.lane.handle(tracked, { kind: 'gave-up' });
      this.#due.push(tracked);
    }
    this.#armTimer();
  }

  async #prune(): Promise<void> {
    const nowMs = this.#deps.clock.now();
    try {
      await this.#deps.journal.prune(nowMs - this.#limits.keepFinalsMs, nowMs);
    } catch (error) {
      this.#deps.log.error({ reason: messageOf(error) }, 'ended commands could not be pruned');
    }
  }
}

function expired(command: Command, reason: string): Command {
  return { ...command, status: 'expired', reason };
}

function keyOf(device: string, id: string): string {
  return `${device}/${id}`;
}
