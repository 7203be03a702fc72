import type { Requester } from '../../schemas/api/requester.ts';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../kernel/time.ts';
import { newCommandId } from './command-id.ts';
import { groupAsk } from './command-audit.ts';
import type { Pace, Refusal } from './command-request.ts';
import { isFinal, isUnsent, type Command } from './command.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AnswerAddress, Delivery } from './journal.ts';
import type { GroupCommandJournal, GroupCommandRecord } from './group-command-journal.ts';
import {
  decide,
  isSettled,
  tally,
  type GroupCommand,
  type GroupCommandStatus,
  type Target,
} from './group-command.ts';

export interface GroupCommandRequest {
  readonly to: string;
  readonly group?: string;
  readonly name: string;
  readonly id?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly ttlMs?: number;
  readonly pace: Pace;
}

export interface GroupCommandContext {
  readonly requester: Requester;
  readonly answerTo?: AnswerAddress;
  readonly delivery?: Omit<Delivery, 'expiresMs'>;
  /** Which devices the caller may send this to; all when not given. */
  readonly may?: (device: string) => boolean;
  /** Time left to send commands, ms. */
  readonly expiryMs?: number;
}

export type GroupCommandSubmission =
  { kind: 'accepted' | 'repeated'; record: GroupCommandRecord } | { kind: 'refused'; refusal: Refusal };

interface GroupCommandsDeps {
  clock: Clock;
  random: () => number;
  log: Log;
  journal: GroupCommandJournal;
  dispatcher: Pick<Dispatcher, 'check' | 'submit' | 'find' | 'cancel' | 'connected' | 'refused' | 'audit'>;
  /** The ids of the devices a selector means now, in order; throws HubError `input-invalid`. */
  select: (selector: string) => string[];
  /** A group command begins, or its state has changed, in the journal. */
  told: (record: GroupCommandRecord) => void;
}

const tickMs = 500;
const maxActive = 100;
/** Commands given to the dispatcher at a time. */
const chunk = 100;
const keepDeliveriesMs = 24 * 3_600_000;
const keepEndedMs = 30 * 24 * 3_600_000;

interface Active {
  groupCommand: GroupCommand;
  readonly targets: Target[];
  readonly indexOf: Map<string, number>;
  /** Targets whose state is not in the journal yet. */
  readonly changed: Set<number>;
  /** As last told. */
  progress: string;
  busy: boolean;
  again: boolean;
}

/** The group commands under way: frozen targets, waves, and a report that survives the hub. */
export class GroupCommands {
  readonly #deps: GroupCommandsDeps;
  readonly #active = new Map<string, Active>();
  /** Being journalled now. */
  readonly #arriving = new Map<string, Promise<unknown>>();
  #timer: Cancel | undefined;
  #closed = false;

  constructor(deps: GroupCommandsDeps) {
    this.#deps = deps;
  }

  /** Takes up what the journal holds. @throws HubError `database-failed` */
  async restore(): Promise<void> {
    const { clock, journal, dispatcher } = this.#deps;
    await journal.prune(clock.now() - keepEndedMs);
    for (const record of await journal.open()) {
      const active = this.#keep(record);
      for (const target of active.targets) {
        if (isSettled(target)) continue;
        const known = await dispatcher.find(target.device, record.groupCommand.id);
        if (known !== undefined) this.observe(known.command);
      }
    }
    this.#timer = clock.every(tickMs, () => {
      for (const active of this.#active.values()) {
        this.#tellProgress(active);
        void this.#pump(active);
      }
    });
  }

  /** The devices it would go to, and why it would be refused. @throws HubError `input-invalid` for a bad selector */
  preview(
    request: GroupCommandRequest,
    may?: GroupCommandContext['may'],
  ): { devices: string[]; refusal?: Refusal } {
    const devices = this.#deps.select(request.to);
    const refusal = outOfReach(devices, may) ?? this.#judge(request, devices);
    return { devices, ...(refusal === undefined ? {} : { refusal }) };
  }

  /** Resolves once it is on disk with its targets, or refused. @throws HubError `input-invalid` · `database-failed` */
  async start(request: GroupCommandRequest, context: GroupCommandContext): Promise<GroupCommandSubmission> {
    const { clock, random, journal } = this.#deps;
    const refuse = (refusal: Refusal): GroupCommandSubmission => ({
      kind: 'refused',
      refusal: this.#deps.dispatcher.refused(refusal, groupAsk(request, context.requester)),
    });
    const id = request.id ?? newCommandId(clock.now(), random);
    await this.#arriving.get(id);
    const before = request.id === undefined ? undefined : await this.find(id);
    if (before !== undefined) return this.#known(before, request) ?? refuse({ reason: 'id-conflict' });
    const { devices, refusal } = this.preview(request, context.may);
    if (refusal !== undefined) return refuse(refusal);
    if (this.#active.size >= maxActive || this.#closed) return refuse({ reason: 'too-many' });
    const record = this.#record(id, request, context, devices);
    const { delivery } = context;
    const expiresMs = clock.now() + keepDeliveriesMs;
    const written = journal.accept(record, delivery === undefined ? undefined : { ...delivery, expiresMs });
    this.#arriving.set(
      id,
      written.catch(() => undefined),
    );
    try {
      if (!(await written)) return refuse({ reason: 'id-conflict' });
    } finally {
      this.#arriving.delete(id);
    }
    this.#deps.told(record);
    void this.#pump(this.#keep(record));
    return { kind: 'accepted', record };
  }

  async find(id: string): Promise<GroupCommandRecord | undefined> {
    return this.#active.get(id) ?? this.#deps.journal.find(id);
  }

  list(limit: number): Promise<GroupCommand[]> {
    return this.#deps.journal.list(limit);
  }

  /** True while it sends, or waits for what it sent. */
  runs(id: string): boolean {
    return this.#active.get(id)?.groupCommand.status === 'running';
  }

  /** No further wave; what is not sent yet is cancelled. Undefined when there is none with this id. */
  async cancel(
    id: string,
    requester: Requester,
    may?: GroupCommandContext['may'],
  ): Promise<
    { kind: 'found'; record: GroupCommandRecord } | { kind: 'refused'; refusal: Refusal } | undefined
  > {
    const { dispatcher } = this.#deps;
    const ask = { action: 'group-command.cancel', subject: id, requester } as const;
    const record = await this.find(id);
    const devices = record?.targets.map(({ device }) => device) ?? [];
    const refusal =
      record === undefined ? ({ reason: 'unknown-command' } as const) : outOfReach(devices, may);
    if (refusal !== undefined) {
      dispatcher.refused(refusal, ask);
      return record === undefined ? undefined : { kind: 'refused', refusal };
    }
    dispatcher.audit.asked(ask, 'done');
    const active = this.#active.get(id);
    if (active?.groupCommand.status === 'running') await this.#end(active, 'cancelled', 'on-request');
    const now = await this.find(id);
    return now && { kind: 'found', record: now };
  }

  /** A command's state is in the journal. */
  observe(command: Command): void {
    const active = this.#active.get(command.id);
    const index = active?.indexOf.get(command.device);
    const target = index === undefined ? undefined : active?.targets[index];
    if (active === undefined || index === undefined || target === undefined) return;
    if (target.status === command.status) return;
    target.status = command.status;
    if (command.reason === undefined) delete target.reason;
    else target.reason = command.reason;
    if (isFinal(command.status)) active.changed.add(index);
    void this.#pump(active);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.();
  }

  /** The same command has to be right for every type in the group: one that is not refuses all. */
  #judge(request: GroupCommandRequest, devices: readonly string[]): Refusal | undefined {
    const { name, id, params } = request;
    if (devices.length === 0) {
      const error = { path: '/to', keyword: 'selector', expected: 'at least one device', got: 'none' };
      return { reason: 'no-targets', errors: [error] };
    }
    for (const device of devices) {
      const refusal = this.#deps.dispatcher.check({
        device,
        name,
        params,
        ...(id === undefined ? {} : { id }),
      });
      // How busy a device is now says nothing about the moment its wave comes.
      if (refusal !== undefined && refusal.reason !== 'too-many') return refusal;
    }
    return undefined;
  }

  #record(
    id: string,
    { to, group, name, params, ttlMs, pace }: GroupCommandRequest,
    { requester, answerTo, expiryMs }: GroupCommandContext,
    devices: readonly string[],
  ): GroupCommandRecord {
    const acceptedMs = this.#deps.clock.now();
    const groupCommand: GroupCommand = {
      id,
      to,
      name,
      params,
      wave: pace.wave ?? Math.max(1, Math.ceil(devices.length / 10)),
      maxFailures: pace.maxFailures ?? 0,
      jitterMs: pace.jitterMs ?? 0,
      acceptedMs,
      requester,
      status: 'running',
      ...(group === undefined ? {} : { group }),
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(answerTo === undefined ? {} : { answerTo }),
      ...(expiryMs === undefined ? {} : { expiresMs: acceptedMs + expiryMs }),
    };
    return { groupCommand, targets: devices.map((device) => ({ device, status: 'waiting' })) };
  }

  /** Undefined: another request has this id. */
  #known(
    record: GroupCommandRecord,
    { to, name, params }: GroupCommandRequest,
  ): GroupCommandSubmission | undefined {
    const { groupCommand } = record;
    const same =
      groupCommand.to === to && groupCommand.name === name && isDeepStrictEqual(groupCommand.params, params);
    return same ? { kind: 'repeated', record } : undefined;
  }

  #keep({ groupCommand, targets }: GroupCommandRecord): Active {
    const own = targets.map((target) => ({ ...target }));
    const active: Active = {
      groupCommand,
      targets: own,
      indexOf: new Map(own.map(({ device }, index) => [device, index])),
      changed: new Set(),
      progress: '',
      busy: false,
      again: false,
    };
    this.#active.set(groupCommand.id, active);
    return active;
  }

  /** One step at a time for each group command; a change meanwhile asks for another. */
  async #pump(active: Active): Promise<void> {
    active.again = active.busy;
    if (active.busy || this.#closed) return;
    active.busy = true;
    try {
      await this.#step(active);
    } catch (error) {
      // The next tick tries again: what was sent is known by its id.
      this.#deps.log.error(
        { groupCommand: active.groupCommand.id, reason: messageOf(error) },
        'a group command waits',
      );
    } finally {
      active.busy = false;
    }
    if (active.again) await this.#pump(active);
  }

  async #step(active: Active): Promise<void> {
    const { clock, dispatcher } = this.#deps;
    await this.#saveChanged(active);
    if (active.groupCommand.status === 'running') {
      for (const target of active.targets) {
        target.parked = target.status === 'queued' && !dispatcher.connected(target.device);
      }
      const decision = decide(active.groupCommand, active.targets, clock.now(), (device) =>
        share(active.groupCommand.id, device),
      );
      if (decision.kind === 'send') await this.#send(active, decision.indexes);
      if (decision.kind === 'end') await this.#end(active, decision.status, decision.reason);
    }
    const settled = active.changed.size === 0 && active.targets.every(isSettled);
    if (settled && active.groupCommand.status !== 'running') this.#active.delete(active.groupCommand.id);
  }

  async #send(active: Active, indexes: readonly number[]): Promise<void> {
    for (let from = 0; from < indexes.length && !this.#closed; from += chunk) {
      await Promise.all(indexes.slice(from, from + chunk).map((index) => this.#sendOne(active, index)));
      // A failure that is known already may be one too many.
      if (tally(active.targets).failed > active.groupCommand.maxFailures) break;
    }
    active.again = true;
  }

  async #sendOne(active: Active, index: number): Promise<void> {
    const { clock, dispatcher } = this.#deps;
    const { id, name, params, ttlMs, requester, expiresMs } = active.groupCommand;
    const target = active.targets[index];
    if (target?.status !== 'waiting') return;
    const submission = await dispatcher.submit(
      { device: target.device, name, id, params, ...(ttlMs === undefined ? {} : { ttlMs }) },
      {
        requester,
        ofGroup: true,
        ...(expiresMs === undefined ? {} : { expiryMs: Math.max(0, expiresMs - clock.now()) }),
      },
    );
    if (submission.kind !== 'refused') {
      // Its states may have been told already.
      if (target.status === 'waiting') this.observe(submission.command);
      return;
    }
    const { reason } = submission.refusal;
    // These pass: the tick tries again.
    if (reason === 'too-many' || reason === 'unavailable') return;
    target.status = 'rejected';
    target.reason = reason;
    active.changed.add(index);
  }

  async #end(active: Active, status: Exclude<GroupCommandStatus, 'running'>, reason?: string): Promise<void> {
    const { clock, journal, dispatcher } = this.#deps;
    const ended = { ...active.groupCommand, status, endedMs: clock.now() };
    await journal.save(reason === undefined ? ended : { ...ended, reason });
    active.groupCommand = reason === undefined ? ended : { ...ended, reason };
    for (const [index, target] of active.targets.entries()) {
      if (target.status !== 'waiting') continue;
      target.status = 'skipped';
      active.changed.add(index);
    }
    await this.#saveChanged(active);
    const unsent = active.targets.filter(({ status: state }) => state === 'queued' || state === 'accepted');
    for (const { device } of unsent) {
      const known = await dispatcher.find(device, ended.id);
      if (known !== undefined && isUnsent(known.command)) await dispatcher.cancel(device, ended.id);
    }
    this.#deps.told({ groupCommand: active.groupCommand, targets: active.targets });
  }

  #tellProgress(active: Active): void {
    const { succeeded, failed, open } = tally(active.targets);
    const progress = `${succeeded}/${failed}/${open}`;
    if (active.groupCommand.status !== 'running' || progress === active.progress) return;
    active.progress = progress;
    this.#deps.told({ groupCommand: active.groupCommand, targets: active.targets });
  }

  async #saveChanged(active: Active): Promise<void> {
    const indexes = [...active.changed];
    if (indexes.length === 0) return;
    const rows = indexes.flatMap((index) => {
      const target = active.targets[index];
      return target === undefined ? [] : [{ index, target: { ...target } }];
    });
    await this.#deps.journal.saveTargets(active.groupCommand.id, rows);
    for (const { index, target } of rows) {
      if (active.targets[index]?.status === target.status) active.changed.delete(index);
    }
  }
}

/** A group command reaches all of its devices, or is refused: the caller learns of none beyond the own rights. */
function outOfReach(devices: readonly string[], may: GroupCommandContext['may']): Refusal | undefined {
  if (may === undefined || devices.every(may)) return undefined;
  const error = { path: '/to', keyword: 'rights', expected: 'devices within your rights', got: 'others too' };
  return { reason: 'forbidden', errors: [error] };
}

/** A device's own share of a group command's jitter, in [0, 1): the same whenever it is asked for. */
function share(id: string, device: string): number {
  return createHash('sha256').update(`${id}/${device}`).digest().readUInt32BE(0) / 2 ** 32;
}
