import { expectedName } from '../../schemas/expected-name.ts';
import { isDeepStrictEqual } from 'node:util';
import type { RefusalReason } from '../../schemas/api/error-codes.ts';
import type { CommandType, FieldError } from '../../schemas/index.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import { isFinal } from '../../schemas/command-status.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { Backoff } from '../../schemas/time/backoff.ts';
import { wait, type Clock } from '../../schemas/time/clock.ts';
import { hasRoomFor, type Shares } from '../kernel/share.ts';
import type { Answers } from './answers.ts';
import { commandEntry, type RequestEntry, type CommandAudit } from './command-audit.ts';
import type { CommandCounters } from './command-counters.ts';
import { newCommandId } from './command-id.ts';
import type { CommandRequest, CommandRefusal } from './command-request.ts';
import type { DeviceDirectory } from './command-session.ts';
import type { SharedCommands } from './shared-commands.ts';
import { traceContext } from './trace-context.ts';
import { mayWait, step, type Command } from './command.ts';
import type { Acceptance, AnswerAddress, CommandJournal, CommandRecord, Delivery } from './journal.ts';
import { commandFrameBytes } from './command-frame.ts';
import { holderOf, type OpenCommands } from './open-commands.ts';

/** How a request came, and where its answer goes. */
export interface RequestContext {
  answerTo?: AnswerAddress | undefined;
  delivery?: Omit<Delivery, 'expiresMs'> | undefined;
  /** Time left as the broker counts it, ms: the nearer of this and the request's own counts. */
  expiryMs?: number | undefined;
  /** It waited somewhere for an unknown time: it is journalled and ends `expired`. */
  ageUnknown?: boolean | undefined;
  requester?: Requester | undefined;
  /** W3C Trace Context of the caller. */
  traceparent?: string | undefined;
  /** Part of a group command, whose own report names a refusal: it is not in the audit. */
  ofGroup?: true | undefined;
}

export type Submission =
  /** In the journal. The command may have ended already (an offline device, an unknown age). */
  | { kind: 'accepted'; command: Command }
  /** The same request came before: the command as the journal has it. */
  | { kind: 'repeated'; command: Command }
  | { kind: 'refused'; refusal: CommandRefusal };

interface AcceptanceDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  directory: DeviceDirectory;
  journal: CommandJournal;
  answers: Answers;
  commands: OpenCommands;
  shares: Shares;
  counters: CommandCounters;
  audit: CommandAudit;
  /** Given when other hubs deliver commands, too. */
  shared?: Pick<SharedCommands, 'passOn'> | undefined;
  /** Commands are part of traces. */
  isTracing?: boolean | undefined;
}

/** A command that is being journalled: who holds its room, and the end of its writing, which never rejects. */
interface Arriving {
  readonly holder: string;
  readonly written: Promise<unknown>;
}

type Judged = { kind: 'refused'; refusal: CommandRefusal } | { kind: 'ok'; command: Command };

const maxParamsBytes = 60_000;
/** A redelivery after the deadline must still be known. */
const keepDeliveriesMs = 3_600_000;

/** Judges requests, whatever their origin, and journals those that become commands. */
export class CommandAcceptance {
  readonly #deps: AcceptanceDeps;
  readonly #maxOpenPerDevice: number;
  /** Commands being journalled now, by device and id. */
  readonly #arriving = new Map<string, Map<string, Arriving>>();
  #closing = false;

  /** @param maxOpenPerDevice of one requester; of all together, twice as many */
  constructor(deps: AcceptanceDeps, maxOpenPerDevice: number) {
    this.#deps = deps;
    this.#maxOpenPerDevice = maxOpenPerDevice;
  }

  /**
   * Resolves once the command is on disk, or refused.
   * @throws HubError `bus-unavailable` when the hub is stopping, `database-failed` when the journal died half-way
   */
  async submit(request: CommandRequest, context: RequestContext = {}): Promise<Submission> {
    const { device, id } = request;
    const entry = context.ofGroup === true ? undefined : commandEntry(request, context.requester);
    if (id !== undefined) {
      for (
        let first = this.#arrivingOf(device, id);
        first !== undefined;
        first = this.#arrivingOf(device, id)
      ) {
        await first;
      }
      if (this.#deps.commands.get(device)?.commands.has(id) === true) return this.#known(request, id, entry);
    }
    if (this.#closing) throw new HubError('bus-unavailable', 'the hub is stopping');
    const judged = this.#judge(request, context);
    if (judged.kind === 'ok') return this.#accept(judged.command, request, context, entry);
    return id === undefined
      ? this.#refused(judged.refusal, entry)
      : this.#known(request, id, entry, judged.refusal);
  }

  /** The command as it is now, waiting for one that is just being journalled. @throws HubError `database-failed` */
  async find(device: string, id: string): Promise<CommandRecord | undefined> {
    await this.#arrivingOf(device, id);
    return this.#deps.commands.get(device)?.commands.get(id) ?? this.#deps.journal.find(device, id);
  }

  /** Why a request like this would be refused now, its age aside; undefined when it would not. */
  check(request: CommandRequest): CommandRefusal | undefined {
    const judged = this.#judge(request, {});
    return judged.kind === 'refused' ? judged.refusal : undefined;
  }

  /** It is being journalled. */
  isArriving(device: string, id: string): boolean {
    return this.#arriving.get(device)?.has(id) === true;
  }

  /** Resolves when the journal has, or has refused, everything that is being accepted for the device now. */
  async arrived(device: string): Promise<void> {
    const arriving = this.#arriving.get(device);
    if (arriving !== undefined) await writingOf(arriving);
  }

  /** Accepts no more; resolves when what is under way is journalled. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#arriving.values()].map(writingOf));
  }

  #refused(refusal: CommandRefusal, entry: RequestEntry | undefined): Submission {
    return { kind: 'refused', refusal: this.#deps.audit.refused(refusal, entry) };
  }

  /** The answer to an id the hub has met before, or else `refusal`. What is answered is in the journal. */
  async #known(
    request: CommandRequest,
    id: string,
    entry: RequestEntry | undefined,
    refusal?: CommandRefusal,
  ): Promise<Submission> {
    let command: Command | undefined;
    try {
      command = (await this.find(request.device, id))?.command;
      await this.#deps.commands.get(request.device)?.settled;
    } catch (error) {
      return this.#unavailable(error, entry);
    }
    if (command === undefined) return this.#refused(refusal ?? { reason: 'unavailable' }, entry);
    if (command.name !== request.name || !isDeepStrictEqual(command.params, request.params)) {
      return this.#refused({ reason: 'id-conflict' }, entry);
    }
    this.#deps.counters.repeated++;
    return { kind: 'repeated', command };
  }

  /** Judges a request on its merits, now. */
  #judge(request: CommandRequest, context: RequestContext): Judged {
    const { device, name, id, params } = request;
    const type = this.#deps.directory.commandedTypeOf(device);
    if (type === undefined) return refuse('unknown-device');
    const definition = type.commands.get(name);
    if (definition === undefined) {
      const expected = expectedName(type.id, 'commands', type.commands);
      return refuse('unknown-command', {
        path: '/name',
        keyword: 'enum',
        expected,
        got: JSON.stringify(name),
      });
    }
    const { safety } = definition;
    if (id === undefined && (safety === 'actuate' || safety === 'critical')) {
      return refuse('id-required', { path: '/id', keyword: 'required', expected: 'present', got: 'nothing' });
    }
    const fault = definition.checkParams(params);
    if (fault !== undefined) return refuse('bad-params', fault);
    const bytes = Buffer.byteLength(JSON.stringify(params));
    if (bytes > maxParamsBytes) {
      const expected = `at most ${maxParamsBytes} bytes`;
      return refuse('too-large', { path: '', keyword: 'maxLength', expected, got: `${bytes} bytes` });
    }
    if (this.#isFull(device, holderOf(context))) return refuse('too-many');
    const command = this.#newCommand(request, definition, context);
    const maxBytes = this.#deps.directory.maxFrameBytesOf(device);
    const frameBytes = commandFrameBytes(command, maxBytes);
    if (frameBytes > maxBytes) {
      const expected = `at most ${maxBytes} bytes in the frame, as the device asks (hello.maxFrame)`;
      return refuse('too-large', { path: '', keyword: 'maxLength', expected, got: `${frameBytes} bytes` });
    }
    return { kind: 'ok', command };
  }

  /** A command that can never be sent is final from its first entry in the journal. */
  #newCommand(request: CommandRequest, definition: CommandType, context: RequestContext): Command {
    const { clock, random, commands, shared, isTracing } = this.#deps;
    const { device, name, params } = request;
    const { safety, offline, ttlSec, concurrency } = definition;
    const acceptedMs = clock.now();
    const ttlMs = Math.min(request.ttlMs ?? Infinity, context.expiryMs ?? Infinity);
    const command: Command = {
      device,
      name,
      params,
      safety,
      offline,
      concurrency: concurrency === 1 ? undefined : concurrency,
      acceptedMs,
      cancelRequested: false,
      requester: context.requester,
      ofGroup: context.ofGroup,
      trace: isTracing === true ? traceContext(context.traceparent) : undefined,
      id: request.id ?? newCommandId(acceptedMs, random),
      deadlineMs: acceptedMs + (ttlMs === Infinity ? ttlSec * 1000 : ttlMs),
      status: 'accepted',
      changedMs: acceptedMs,
    };
    if (context.ageUnknown === true) return { ...command, status: 'expired', reason: 'age-unknown' };
    if (acceptedMs >= command.deadlineMs)
      return step(command, { kind: 'deadline-passed' }, acceptedMs).command;
    if (commands.get(device)?.isPresent === true || mayWait(command)) return command;
    // Whoever has the device decides.
    if (shared !== undefined) return command;
    return step(command, { kind: 'refused', reason: 'offline' }, acceptedMs).command;
  }

  async #accept(
    command: Command,
    request: CommandRequest,
    context: RequestContext,
    entry: RequestEntry | undefined,
  ): Promise<Submission> {
    const { journal, commands, answers, counters, directory, shares } = this.#deps;
    const holder = holderOf(command);
    const { answerTo, delivery } = context;
    const record: CommandRecord = { command, answerTo };
    const expiresMs = command.deadlineMs + keepDeliveriesMs;
    const written = journal.accept(
      record,
      isFinal(command.status),
      delivery === undefined ? undefined : { ...delivery, expiresMs },
    );
    this.#arrives(command, holder, written);
    shares.take(holder);
    let acceptance: Acceptance;
    try {
      acceptance = await written;
    } catch (error) {
      if (isUncertain(error)) void this.#lookAgain(command);
      return this.#unavailable(error, entry);
    } finally {
      this.#leaves(command);
      // An open command takes it again.
      shares.release(holder);
    }
    // The journal has this id already: the request came before, or clashes with one that did.
    if (acceptance.kind === 'known') return this.#known(request, command.id, entry);
    if (acceptance.kind === 'not-ours')
      throw new HubError('bus-unavailable', 'another hub takes the requests of the broker now');
    counters.accepted++;
    if (isFinal(command.status)) {
      counters.finals[command.status]++;
      answers.announce(record);
    } else if (acceptance.owner === undefined) {
      const open = commands.add(record);
      const removed = directory.commandedTypeOf(command.device) === undefined;
      if (removed) void open.owner.handle(open, { kind: 'device-removed' });
    } else this.#deps.shared?.passOn(acceptance.owner, command.device);
    return { kind: 'accepted', command };
  }

  /** It may be in the journal although the answer was lost. Then it is delivered like any other. */
  async #lookAgain({ device, id, acceptedMs }: Command): Promise<void> {
    const { journal, commands, answers, clock, random } = this.#deps;
    const backoff = new Backoff({ firstMs: 500, maxMs: 10_000, random });
    while (!this.#closing) {
      await wait(clock, backoff.next());
      try {
        const record = await journal.find(device, id);
        const isThis = record?.command.acceptedMs === acceptedMs;
        if (!isThis || this.#closing || commands.get(device)?.commands.has(id) === true) return;
        if (isFinal(record.command.status)) answers.announce(record);
        else commands.add(record);
        return;
      } catch (error) {
        this.#deps.log.debug(
          { device, command: id, reason: messageOf(error) },
          'the journal does not answer yet',
        );
      }
    }
  }

  #isFull(device: string, holder: string): boolean {
    const { commands, shares } = this.#deps;
    if (!shares.hasRoom(holder)) return true;
    const arriving = [...(this.#arriving.get(device)?.values() ?? [])].map((each) => each.holder);
    return !hasRoomFor(holder, [...commands.holders(device), ...arriving], 2 * this.#maxOpenPerDevice);
  }

  #arrivingOf(device: string, id: string): Promise<unknown> | undefined {
    return this.#arriving.get(device)?.get(id)?.written;
  }

  #arrives({ device, id }: Command, holder: string, written: Promise<unknown>): void {
    const ids = this.#arriving.get(device) ?? new Map<string, Arriving>();
    ids.set(id, { holder, written: written.catch(() => undefined) });
    this.#arriving.set(device, ids);
  }

  #leaves({ device, id }: Command): void {
    const ids = this.#arriving.get(device);
    ids?.delete(id);
    if (ids?.size === 0) this.#arriving.delete(device);
  }

  /** Nothing was written, so the command is refused. If that is not certain, there is no answer at all. */
  #unavailable(error: unknown, entry: RequestEntry | undefined): Submission {
    if (isUncertain(error)) throw error;
    this.#deps.log.error({ reason: messageOf(error) }, 'a command was refused: the journal does not answer');
    return this.#refused({ reason: 'unavailable' }, entry);
  }
}

/** It is not known whether the journal has it: its worker died, or the connection to it broke. */
function isUncertain(error: unknown): boolean {
  if (!(error instanceof HubError)) return false;
  const { reason } = error.details;
  return reason === 'worker-died' || reason === 'connection-lost';
}

/** Resolves when what is being journalled of one device is, or is refused. */
async function writingOf(arriving: ReadonlyMap<string, Arriving>): Promise<void> {
  await Promise.all([...arriving.values()].map(({ written }) => written));
}

function refuse(reason: RefusalReason, error?: FieldError): Judged {
  return { kind: 'refused', refusal: error === undefined ? { reason } : { reason, errors: [error] } };
}
