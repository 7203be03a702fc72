import type { DesiredState, DeviceType, FieldError, ReportedFrame, TwinError } from '../../schemas/index.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { JsonObject } from '../../schemas/twin/merge-patch.ts';
import type { TwinState } from '../../schemas/twin/twin-states.ts';
import type { TwinType } from '../../schemas/twin/twin-type.ts';
import { faultText } from '../../schemas/field-error.ts';
import { hubItself, type AuditEvent, type Auditor } from '../audit/audit.ts';
import {
  frameTaken,
  overRate,
  unsupportedFrame,
  type FrameAnswer,
  type FrameSession,
} from '../registry/frame-session.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import { TwinLinks } from './twin-links.ts';
import type { TwinEvents } from './twin-session.ts';
import { unlessOvertaken } from './twin-saving.ts';
import { TwinShelf, type TwinFacts } from './twin-shelf.ts';
import type { DesiredChange, TwinStore } from './twin-store.ts';
import {
  changeDesired,
  fitToType,
  stateOf,
  takeHello,
  takeReport,
  type TwinStep,
  type Twin,
} from './twin.ts';

/** Where a twin stands now, as its followers are notified. */
export interface TwinStanding {
  state: TwinState;
  /** Unix ms. */
  sinceMs: number;
  rev: number;
  /** From the change of desired until it was in sync, ms. */
  lagMs?: number | undefined;
}

export interface TwinFollower {
  /** Something about the twin is on disk: desired or reported. */
  twinChanged?(device: string): void;
  /** Its state or its revision is another. */
  twinMoved?(device: string, standing: TwinStanding): void;
  twinRemoved?(device: string): void;
}

export interface TwinsDeps {
  clock: Clock;
  log: Log;
  audit: Auditor;
  store: TwinStore;
  sessions: { openSessions(): Iterable<FrameSession> };
  /** @throws HubError `device-unknown` · `type-unknown` */
  requireType: (device: string) => DeviceType;
  followers: readonly TwinFollower[];
  /** Other hubs write twins, too: each is read again when its device connects here. */
  several?: boolean | undefined;
  /** Of twins in memory; a default when not given. */
  cacheBytes?: number | undefined;
}

/** A change of desired that somebody asks for. */
export interface DesiredRequest {
  readonly device: string;
  readonly patch: JsonObject;
  readonly requester: Requester;
  /** The revisions that it may build on; not given: any. */
  readonly ifRevs?: readonly number[] | undefined;
}

/** The twins of all devices whose type has one: operators change desired, devices report, and each is notified of the other. */
export class Twins implements TwinEvents, DeviceFollower {
  readonly #deps: TwinsDeps;
  readonly #shelf: TwinShelf;
  readonly #links: TwinLinks;
  readonly counters = { changes: 0, reports: 0, refusedReports: 0, reportsOverRate: 0, fitted: 0 };

  constructor(deps: TwinsDeps) {
    this.#deps = deps;
    const { store, cacheBytes } = deps;
    this.#shelf = new TwinShelf({
      store,
      cacheBytes,
      saved: (device, twin, before) => this.#saved(device, twin, before),
    });
    this.#links = new TwinLinks({
      clock: deps.clock,
      read: (device) => this.#shelf.read(device),
      changed: (device) => this.#linkChanged(device),
    });
  }

  /** @throws HubError `database-failed` */
  async load(): Promise<void> {
    await this.#shelf.load();
    this.#links.start();
  }

  /** Resolves when every change so far is on disk. */
  close(): Promise<void> {
    this.#links.close();
    return this.#shelf.closed();
  }

  get delivered(): Readonly<Record<string, number>> {
    return this.#links.counters;
  }

  get writeFailures(): number {
    return this.#shelf.writeFailures;
  }

  /** How many twins stand where; those of which nothing was ever desired or reported do not count. */
  counts(): Record<TwinState, number> {
    const counts: Record<TwinState, number> = { 'in-sync': 0, pending: 0, waiting: 0, refused: 0 };
    for (const [device, facts] of this.#shelf.all()) counts[this.#standing(device, facts).state] += 1;
    return counts;
  }

  /** Of every twin of which something is known. */
  devices(): Iterable<string> {
    return [...this.#shelf.all()].map(([device]) => device);
  }

  /** Where each of those stands. */
  *standings(): Iterable<readonly [device: string, TwinStanding]> {
    for (const [device, facts] of this.#shelf.all()) yield [device, this.#standing(device, facts)];
  }

  /** Where the device's twin stands; undefined: nothing was ever desired or reported, which is in sync. */
  standing(device: string): TwinStanding | undefined {
    const facts = this.#shelf.facts(device);
    return facts && this.#standing(device, facts);
  }

  /**
   * Changes what is desired; resolves once that is on disk, with the revision that it is now.
   * @throws HubError `device-unknown` · `type-unknown` · `twin-unknown` · `twin-changed` · `desired-invalid` · `database-failed`
   */
  async change(request: DesiredRequest): Promise<number> {
    try {
      return await unlessOvertaken(() => this.#change(request));
    } catch (error) {
      if (error instanceof HubError && !error.retryable) {
        const { actor } = request.requester;
        const details = { code: error.code };
        this.#deps.audit.refused(actor, {
          ...request.requester,
          action: 'twin.set',
          subject: request.device,
          details,
        });
      }
      throw error;
    }
  }

  /** Why the change would be refused now. @throws as `change`, but for `twin-changed` */
  async check(device: string, patch: JsonObject): Promise<FieldError | undefined> {
    const type = twinTypeOf(this.#deps.requireType(device), device);
    return this.#shelf.use(device, (twin) => this.#faultOf(device, changeDesired(twin, patch, type, 0)));
  }

  /** @throws HubError `database-failed` */
  read(device: string): Promise<Twin> {
    return this.#shelf.read(device);
  }

  /** Why what is desired cannot be sent to the device; undefined: it can, or the device is not connected. */
  unsent(device: string, { rev, desired }: Twin): TwinError | undefined {
    if (this.#links.of(device).link !== 'too-small') return undefined;
    const outbox = this.#links.session(device)?.outbox;
    const bytes = outbox?.bytesOf({ type: 'desired', rev, state: desired });
    return {
      path: '',
      message: `not sent: a frame of ${bytes} bytes, and the device receives at most ${outbox?.maxFrameBytes}`,
    };
  }

  sessionOpening(
    deviceId: string,
    { twin }: DeviceType,
    heldRev: number | undefined,
  ): Promise<DesiredState | undefined> | undefined {
    return twin === undefined ? undefined : unlessOvertaken(() => this.#open(deviceId, twin, heldRev));
  }

  sessionOpened(session: FrameSession, heldRev: number | undefined, desired: DesiredState | undefined): void {
    if (session.type.twin === undefined) return;
    const { deviceId } = session;
    const sentRev = desired?.rev ?? heldRev ?? 0;
    this.#links.opened(session, sentRev, desired);
    const facts = this.#shelf.facts(deviceId);
    // Changed since the welcome was made.
    if (facts !== undefined && facts.rev !== sentRev) this.#bring(deviceId);
  }

  sessionClosed(session: FrameSession): void {
    this.#links.closed(session);
  }

  async reported(session: FrameSession, frame: ReportedFrame): Promise<FrameAnswer> {
    const { deviceId: device, type } = session;
    if (type.twin === undefined) {
      return this.#refused(unsupportedFrame(type, 'reported', 'twin'));
    }
    const waitMs = this.#links.takeReport(device);
    if (waitMs > 0) {
      this.counters.reportsOverRate += 1;
      return overRate(waitMs);
    }
    const { twin: twinType } = type;
    try {
      const error = await unlessOvertaken(() => this.#takeReport(device, frame, twinType));
      if (error !== undefined) {
        const code = error.keyword === 'maxLength' && error.path === '' ? 'too-large' : 'schema';
        return this.#refused({ code, errors: [error] });
      }
      this.counters.reports += 1;
      return frameTaken;
    } catch (error) {
      this.#deps.log.warn({ device, reason: messageOf(error) }, 'report not taken');
      return this.#refused({ code: 'overloaded' });
    }
  }

  /** @returns why it cannot be taken; undefined: it is on disk */
  async #takeReport(device: string, frame: ReportedFrame, type: TwinType): Promise<FieldError | undefined> {
    const taking = await this.#shelf.use(device, (twin) => {
      const step = takeReport(twin, frame, type, this.#deps.clock.now());
      if (step.kind === 'invalid') return { error: step.error };
      return { error: undefined, stored: this.#store(device, step) };
    });
    await taking.stored;
    return taking.error;
  }

  /** Device types have changed: what they no longer take leaves the twins of connected devices now, of others when they connect. */
  typesChanged(): void {
    for (const session of this.#deps.sessions.openSessions()) {
      const { deviceId, type } = session;
      if (type.twin === undefined) continue;
      if (this.#links.session(deviceId) !== session) this.#links.opened(session, 0, undefined);
      const { twin } = type;
      unlessOvertaken(() => this.#fit(deviceId, twin)).then(
        () => this.#bring(deviceId),
        (error: unknown) =>
          this.#deps.log.error({ device: deviceId, reason: messageOf(error) }, 'twin not fitted'),
      );
    }
  }

  removed(deviceId: string): void {
    const { followers } = this.#deps;
    const isKnown = this.#shelf.facts(deviceId) !== undefined;
    this.#shelf.forget(deviceId);
    this.#links.forget(deviceId);
    if (isKnown) for (const follower of followers) follower.twinRemoved?.(deviceId);
  }

  async #open(
    device: string,
    type: TwinType,
    heldRev: number | undefined,
  ): Promise<DesiredState | undefined> {
    const { clock, several } = this.#deps;
    if (several === true) this.#shelf.drop(device);
    const heard = await this.#shelf.use(device, (twin) => ({
      stored: this.#store(device, takeHello(twin, heldRev, clock.now())),
    }));
    await Promise.all([heard.stored, this.#fit(device, type)]);
    const { rev, desired } = await this.#shelf.read(device);
    return rev === (heldRev ?? 0) ? undefined : { rev, state: desired };
  }

  /** Resolves when what the step made is on disk, or, where it made nothing, what was made before. */
  #store(device: string, step: TwinStep, change?: DesiredChange): Promise<void> {
    return step.kind === 'changed' ? this.#shelf.put(device, step.twin, change) : this.#shelf.settled(device);
  }

  async #change({ device, patch, requester, ifRevs }: DesiredRequest): Promise<number> {
    const type = twinTypeOf(this.#deps.requireType(device), device);
    const changing = await this.#shelf.use(device, (twin) => {
      if (ifRevs !== undefined && !ifRevs.includes(twin.rev)) {
        const details = { rev: twin.rev };
        throw new HubError('twin-changed', `it has revision ${twin.rev} now; read it again`, { details });
      }
      const timeMs = this.#deps.clock.now();
      const step = changeDesired(twin, patch, type, timeMs);
      const error = this.#faultOf(device, step);
      if (error !== undefined)
        throw new HubError('desired-invalid', faultText(error, 'desired'), { details: { errors: [error] } });
      const isChange = step.kind === 'changed';
      const { rev } = isChange ? step.twin : twin;
      return { rev, isChange, stored: this.#store(device, step, { rev, timeMs, patch, requester }) };
    });
    await changing.stored;
    if (changing.isChange) {
      this.counters.changes += 1;
      this.#deps.audit.noted(1);
    }
    return changing.rev;
  }

  /** Why a change of desired cannot be made: its schema, or the device that is connected could not receive it. */
  #faultOf(device: string, step: TwinStep): FieldError | undefined {
    if (step.kind === 'invalid') return step.error;
    const outbox = this.#links.session(device)?.outbox;
    if (step.kind !== 'changed' || outbox === undefined) return undefined;
    const { rev, desired } = step.twin;
    const { maxFrameBytes: maxBytes } = outbox;
    const bytes = outbox.bytesOf({ type: 'desired', rev, state: desired });
    if (bytes <= maxBytes) return undefined;
    const expected = `short enough for a frame of ${maxBytes} bytes, the longest that the device receives`;
    return { path: '', keyword: 'maxLength', expected, got: `${bytes} bytes` };
  }

  /** What the type no longer takes leaves both states. @throws HubError `database-failed` */
  async #fit(device: string, type: TwinType): Promise<void> {
    const fitting = await this.#shelf.use(device, (twin) => {
      const timeMs = this.#deps.clock.now();
      const step = fitToType(twin, type, timeMs);
      if (step.kind !== 'changed') return { stored: undefined };
      const { dropped = [], twin: fitted } = step;
      this.counters.fitted += 1;
      this.#deps.log.info({ device, dropped }, 'what the device type no longer takes has left the twin');
      const change = { rev: fitted.rev, timeMs, patch: {}, requester: hubItself, dropped };
      return { stored: this.#shelf.put(device, fitted, dropped.length === 0 ? undefined : change) };
    });
    await fitting.stored;
  }

  #refused(refusal: Extract<FrameAnswer, { kind: 'refused' }>['refusal']): FrameAnswer {
    this.counters.refusedReports += 1;
    return { kind: 'refused', refusal };
  }

  #standing(device: string, { rev, verdict, verdictMs, changedMs }: TwinFacts): TwinStanding {
    const { link, sinceMs } = this.#links.of(device);
    const state = stateOf(verdict, link);
    return {
      state,
      sinceMs: verdict === 'open' ? Math.max(verdictMs, sinceMs) : verdictMs,
      rev,
      ...(state === 'in-sync' && rev > 0 ? { lagMs: Math.max(0, verdictMs - changedMs) } : {}),
    };
  }

  #bring(device: string): void {
    this.#shelf.read(device).then(
      (twin) => this.#links.deliver(device, twin),
      (error: unknown) => this.#deps.log.error({ device, reason: messageOf(error) }, 'desired not sent'),
    );
  }

  #saved(device: string, twin: Twin, before: TwinFacts | undefined): void {
    this.#links.deliver(device, twin);
    const { followers } = this.#deps;
    for (const follower of followers) follower.twinChanged?.(device);
    const facts = this.#shelf.facts(device);
    if (facts === undefined) return;
    const isSame = before?.rev === facts.rev && before.verdict === facts.verdict;
    if (!isSame) this.#moved(device, facts);
  }

  /** A twin that is not settled stands elsewhere when its device comes or goes. */
  #linkChanged(device: string): void {
    const facts = this.#shelf.facts(device);
    if (facts?.verdict !== 'open') return;
    this.#moved(device, facts);
    for (const follower of this.#deps.followers) follower.twinChanged?.(device);
  }

  #moved(device: string, facts: TwinFacts): void {
    const standing = this.#standing(device, facts);
    for (const follower of this.#deps.followers) follower.twinMoved?.(device, standing);
  }
}

/** The entry of the audit that goes to disk together with a change of desired. */
export function changeEvent(device: string, { rev, patch, requester, dropped }: DesiredChange): AuditEvent {
  return {
    ...requester,
    action: dropped === undefined ? 'twin.set' : 'twin.fit',
    subject: device,
    outcome: 'done',
    details: dropped === undefined ? { rev, patch } : { rev, dropped },
  };
}

/** @throws HubError `twin-unknown` */
export function twinTypeOf({ id, twin }: DeviceType, device: string): TwinType {
  if (twin === undefined) throw new HubError('twin-unknown', `${id}, the type of ${device}`);
  return twin;
}
