import { isDeepStrictEqual } from 'node:util';
import { isRetryableReason } from '../../../schemas/api/error-codes.ts';
import { defaultWave } from '../../../schemas/command-tally.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { hasRoomFor } from '../../kernel/share.ts';
import type { Cancel, Clock } from '../../../schemas/time/clock.ts';
import type { CommandAudit } from '../command-audit.ts';
import { groupEntry } from './group-command-audit.ts';
import { newCommandId } from '../command-id.ts';
import type { CommandRequest, Pace, CommandRefusal } from '../command-request.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { GroupCommandFollower } from './group-answers.ts';
import type { GroupCommandJournal, GroupCommandRecord } from './group-command-journal.ts';
import type { GroupCommand } from './group-command.ts';
import type { AnswerAddress, Delivery } from '../journal.ts';
import type { OpenGroupCommands } from './open-group-commands.ts';

export interface GroupCommandRequest {
  readonly to: string;
  readonly group?: string | undefined;
  readonly name: string;
  readonly id?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly ttlMs?: number | undefined;
  readonly pace: Pace;
}

export interface GroupCommandContext {
  readonly requester: Requester;
  readonly answerTo?: AnswerAddress | undefined;
  readonly delivery?: Omit<Delivery, 'expiresMs'> | undefined;
  /** Which devices the caller may send this to; all when not given. */
  readonly may?: ((device: string) => boolean) | undefined;
  /** Time left to send commands, ms. */
  readonly expiryMs?: number | undefined;
}

export type GroupCommandSubmission =
  | { kind: 'accepted' | 'repeated'; record: GroupCommandRecord }
  | { kind: 'refused'; refusal: CommandRefusal };

export interface GroupCommandsDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  journal: GroupCommandJournal;
  audit: CommandAudit;
  dispatcher: Pick<Dispatcher, 'check' | 'submit' | 'find' | 'cancel' | 'connected'>;
  /** The ids of the devices a selector matches now, in order; throws HubError `input-invalid`. */
  select: (selector: string) => Promise<string[]>;
  /** Where the dispatcher's follower finds those under way. */
  open: OpenGroupCommands;
  followers: readonly GroupCommandFollower[];
  /** Other hubs run group commands, too, and this one takes up what they leave. */
  several?: boolean | undefined;
}

const tickMs = 500;
/** Group commands of all requesters; one alone may have half of them. */
const maxOpen = 200;
/** Whether another hub has left some that are under way, ms. */
const takeUpMs = 10_000;
const keepDeliveriesMs = 24 * 3_600_000;
const keepEndedMs = 30 * 24 * 3_600_000;

/** Group commands: a fixed list of devices, waves, and a report that survives the hub. */
export class GroupCommands {
  readonly #deps: GroupCommandsDeps;
  /** Being journalled now, by id: who asked, and the end of the writing, which never rejects. */
  readonly #arriving = new Map<string, { actor: string; written: Promise<unknown> }>();
  /** Those that were ours at any time since the journal began to be read: what it says of them may have passed. */
  #reading: Set<string> | undefined;
  #timer: Cancel | undefined;
  #takingUp: Cancel | undefined;
  #closed = false;

  constructor(deps: GroupCommandsDeps) {
    this.#deps = deps;
  }

  /** Resumes what the journal holds. @throws HubError `database-failed` */
  async start(): Promise<void> {
    const { clock, journal, open, several } = this.#deps;
    await journal.prune(clock.now() - keepEndedMs);
    await this.#takeUp();
    if (several === true) this.#takingUp = clock.every(takeUpMs, () => void this.#takeUpAgain());
    this.#timer = clock.every(tickMs, () => {
      for (const groupCommand of open.all()) groupCommand.tick();
    });
  }

  /**
   * The devices within the caller's rights that it would go to, and why it would be refused.
   * @throws HubError `input-invalid` for a bad selector
   */
  async preview(
    request: GroupCommandRequest,
    may: NonNullable<GroupCommandContext['may']> = () => true,
  ): Promise<{ devices: string[]; refusal?: CommandRefusal | undefined }> {
    const selected = await this.#deps.select(request.to);
    const devices = selected.filter(may);
    return { devices, refusal: outOfReach(selected, may) ?? this.#judge(request, devices) };
  }

  /**
   * The devices that the selector matches now, and those that would refuse the command, with their refusal.
   * @throws HubError `input-invalid` for a bad selector
   */
  async refusals({ to, name, params }: Pick<GroupCommandRequest, 'to' | 'name' | 'params'>): Promise<{
    devices: string[];
    refused: { device: string; refusal: CommandRefusal }[];
  }> {
    const devices = await this.#deps.select(to);
    const refused = devices.flatMap((device) => {
      const refusal = this.#refusalOf({ device, name, params });
      return refusal === undefined ? [] : { device, refusal };
    });
    return { devices, refused };
  }

  /**
   * Resolves once it is on disk with its targets, or refused.
   * @throws HubError `input-invalid` · `database-failed` · `bus-unavailable` when the hub is stopping
   */
  async send(request: GroupCommandRequest, context: GroupCommandContext): Promise<GroupCommandSubmission> {
    const { clock, random, journal, audit, open, followers } = this.#deps;
    const refuse = (refusal: CommandRefusal): GroupCommandSubmission => ({
      kind: 'refused',
      refusal: audit.refused(refusal, groupEntry(request, context.requester)),
    });
    const id = request.id ?? newCommandId(clock.now(), random);
    // Asked first: from the look into the journal to the entry there nothing may come between.
    const { devices, refusal } = await this.preview(request, context.may);
    let before: GroupCommandRecord | undefined;
    // The same may have begun to arrive while the journal was asked.
    do {
      await this.#arriving.get(id)?.written;
      before = request.id === undefined ? undefined : await this.find(id);
    } while (before === undefined && this.#arriving.has(id));
    if (before !== undefined) {
      return isSame(before, request)
        ? { kind: 'repeated', record: before }
        : refuse({ reason: 'id-conflict' });
    }
    if (this.#closed) throw new HubError('bus-unavailable', 'the hub is stopping');
    if (refusal !== undefined) return refuse(refusal);
    const { actor } = context.requester;
    const arriving = [...this.#arriving.values()].map((each) => each.actor);
    if (!hasRoomFor(actor, [...open.actors(), ...arriving], maxOpen)) return refuse({ reason: 'too-many' });
    const record = recordOf(id, request, context, devices, clock.now());
    const { delivery } = context;
    const expiresMs = clock.now() + keepDeliveriesMs;
    const written = journal.accept(record, delivery && { ...delivery, expiresMs });
    this.#arriving.set(id, { actor, written: written.catch(() => undefined) });
    this.#reading?.add(id);
    try {
      if (!(await written)) return refuse({ reason: 'id-conflict' });
    } finally {
      this.#arriving.delete(id);
    }
    for (const follower of followers) follower.groupCommandChanged(record);
    const opened = open.add(record, this.#deps);
    if (this.#closed) opened.close();
    opened.advance();
    return { kind: 'accepted', record };
  }

  async find(id: string): Promise<GroupCommandRecord | undefined> {
    return this.#deps.open.get(id) ?? this.#deps.journal.find(id);
  }

  list(limit: number): Promise<GroupCommand[]> {
    return this.#deps.journal.list(limit);
  }

  /** True while it sends, or waits for what it sent, at whichever hub. @throws HubError `database-failed` */
  async runs(id: string): Promise<boolean> {
    const found = await this.find(id);
    return found?.groupCommand.status === 'running';
  }

  /** No further wave; what is not sent yet is cancelled. Undefined when there is none with this id. */
  async cancel(
    id: string,
    requester: Requester,
    may?: GroupCommandContext['may'],
  ): Promise<
    { kind: 'found'; record: GroupCommandRecord } | { kind: 'refused'; refusal: CommandRefusal } | undefined
  > {
    const { audit, open } = this.#deps;
    const entry = { action: 'group-command.cancel', subject: id, requester } as const;
    const record = await this.find(id);
    if (record === undefined) {
      audit.refused({ reason: 'unknown-id' }, entry);
      return undefined;
    }
    const devices = record.targets.map(({ device }) => device);
    const refusal = outOfReach(devices, may);
    if (refusal !== undefined) return { kind: 'refused', refusal: audit.refused(refusal, entry) };
    audit.asked(entry, 'done');
    const running = open.get(id);
    if (running?.runs === true) await running.end('cancelled', 'on-request');
    const now = await this.find(id);
    return now && { kind: 'found', record: now };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.();
    this.#takingUp?.();
    for (const groupCommand of this.#deps.open.all()) groupCommand.close();
  }

  async #takeUp(): Promise<void> {
    const { journal, open } = this.#deps;
    if (this.#reading !== undefined) return;
    const ours = new Set(this.#arriving.keys());
    for (const { groupCommand } of open.all()) ours.add(groupCommand.id);
    this.#reading = ours;
    try {
      for (const record of await journal.open())
        if (!ours.has(record.groupCommand.id)) await open.add(record, this.#deps).restore();
    } finally {
      this.#reading = undefined;
    }
  }

  async #takeUpAgain(): Promise<void> {
    try {
      await this.#takeUp();
    } catch (error) {
      this.#deps.log.debug({ reason: messageOf(error) }, 'group commands of other hubs are not taken up yet');
    }
  }

  /** The command must be valid for every device type in the group. One invalid type refuses the whole group command. */
  #judge({ name, id, params }: GroupCommandRequest, devices: readonly string[]): CommandRefusal | undefined {
    if (devices.length === 0) {
      const error = { path: '/to', keyword: 'selector', expected: 'at least one device', got: 'none' };
      return { reason: 'no-targets', errors: [error] };
    }
    for (const device of devices) {
      const refusal = this.#refusalOf({ device, name, params, id });
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** What passes does not matter, such as how busy a device is now: its turn may come later. */
  #refusalOf(request: CommandRequest): CommandRefusal | undefined {
    const refusal = this.#deps.dispatcher.check(request);
    return refusal === undefined || isRetryableReason(refusal.reason) ? undefined : refusal;
  }
}

function recordOf(
  id: string,
  { to, group, name, params, ttlMs, pace }: GroupCommandRequest,
  { requester, answerTo, expiryMs }: GroupCommandContext,
  devices: readonly string[],
  acceptedMs: number,
): GroupCommandRecord {
  const groupCommand: GroupCommand = {
    id,
    to,
    group,
    name,
    params,
    ttlMs,
    wave: pace.wave ?? defaultWave(devices.length),
    maxFailures: pace.maxFailures ?? 0,
    jitterMs: pace.jitterMs ?? 0,
    acceptedMs,
    expiresMs: expiryMs === undefined ? undefined : acceptedMs + expiryMs,
    requester,
    answerTo,
    status: 'running',
  };
  return { groupCommand, targets: devices.map((device) => ({ device, status: 'waiting' })) };
}

/** The same request came before; not so: another one has its id. */
function isSame({ groupCommand }: GroupCommandRecord, { to, name, params }: GroupCommandRequest): boolean {
  return (
    groupCommand.to === to && groupCommand.name === name && isDeepStrictEqual(groupCommand.params, params)
  );
}

/** A group command reaches all of its devices, or is refused without naming those beyond the caller's rights. */
function outOfReach(devices: readonly string[], may: GroupCommandContext['may']): CommandRefusal | undefined {
  if (may === undefined || devices.every(may)) return undefined;
  const error = { path: '/to', keyword: 'rights', expected: 'devices within your rights', got: 'others too' };
  return { reason: 'forbidden', errors: [error] };
}
