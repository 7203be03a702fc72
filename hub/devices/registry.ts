import type { HelloFrame } from '../../schemas/index.ts';
import type { Clock } from '../kernel/time.ts';
import type { Scope } from './correlated-loss.ts';
import { parseBasic, verifySecret } from './credentials.ts';
import type { AnchorStep, DeviceRecord, DeviceStore, StoredOpening } from './device-store.ts';
import type { Session } from './session.ts';

export interface OpenedSession extends StoredOpening {
  /** A session of the same device was open and has been taken over. */
  replaced: boolean;
}

/** Who asks to connect. */
export type Authentication =
  | { kind: 'device'; record: DeviceRecord }
  /** Unknown id or wrong secret: one answer for both. */
  | { kind: 'denied' }
  | { kind: 'disabled' }
  /** It went on sending far over its rate. */
  | { kind: 'shut-out'; retryAfterSec: number };

/** How long a device that abused its rate is refused, ms; the protocol asks it to wait as long. */
const shutOutMs = 60_000;

/** Every device the hub knows, and the session each has: id → record, id → session. */
export class Registry {
  readonly #store: DeviceStore;
  readonly #clock: Clock;
  readonly #records = new Map<string, DeviceRecord>();
  /** The newest session of each device whose hello was valid. */
  readonly #sessions = new Map<string, Session>();
  /** Device → when it may come again, monotonic ms. */
  readonly #shutOut = new Map<string, number>();
  /** Sockets upgraded, with or without a hello. */
  readonly #connected = new Set<Session>();
  /** Called when the last connection has ended. */
  #empty: (() => void) | undefined;

  constructor(deps: { store: DeviceStore; clock: Clock }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
  }

  async load(): Promise<void> {
    for (const record of await this.#store.load()) this.#records.set(record.id, record);
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.#records.get(deviceId);
  }

  /** All records, by id. */
  all(): DeviceRecord[] {
    return [...this.#records.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The device's session that counts, whether its welcome is out or on its way. */
  session(deviceId: string): Session | undefined {
    return this.#sessions.get(deviceId);
  }

  /** Registered devices. */
  get size(): number {
    return this.#records.size;
  }

  /** The sessions whose welcome is out. */
  *openSessions(): Generator<Session> {
    for (const session of this.#sessions.values()) if (session.isOpen) yield session;
  }

  /** @param authorization the header of the upgrade request (RFC 7617 Basic). */
  authenticate(authorization: string | undefined): Authentication {
    const basic = parseBasic(authorization);
    const record = basic === undefined ? undefined : this.#records.get(basic.id);
    if (!verifySecret(basic?.secret ?? '', record?.secretHash) || record === undefined)
      return { kind: 'denied' };
    if (record.disabled) return { kind: 'disabled' };
    const leftMs = (this.#shutOut.get(record.id) ?? 0) - this.#clock.monotonic();
    if (leftMs > 0) return { kind: 'shut-out', retryAfterSec: Math.ceil(leftMs / 1000) };
    this.#shutOut.delete(record.id);
    return { kind: 'device', record };
  }

  /** The device abused its rate: it is refused for a while. */
  shutOut(deviceId: string): void {
    this.#shutOut.set(deviceId, this.#clock.monotonic() + shutOutMs);
  }

  /** The registered device that a refused caller says it is: for its story, proven by nothing. */
  claimedBy(authorization: string | undefined): string | undefined {
    const id = parseBasic(authorization)?.id;
    return id !== undefined && this.#records.has(id) ? id : undefined;
  }

  /** What the device shares with others: its site, and the address and firmware of its session. */
  scopesOf(deviceId: string): Scope[] {
    const record = this.#records.get(deviceId);
    const session = this.#sessions.get(deviceId);
    const scopes: Scope[] = [];
    if (record !== undefined) scopes.push({ by: 'site', value: record.site });
    if (session !== undefined) scopes.push({ by: 'address', value: session.address });
    if (session?.firmware !== undefined) scopes.push({ by: 'firmware', value: session.firmware });
    return scopes;
  }

  /** The upgrade is done. */
  connected(session: Session): void {
    this.#connected.add(session);
  }

  /**
   * A session's hello is valid: it takes over from an older session at once, and opens when its epoch and the
   * anchor of its boot are on disk.
   */
  async openSession(session: Session, hello: HelloFrame): Promise<OpenedSession> {
    const { deviceId } = session;
    const older = this.#sessions.get(deviceId);
    this.#sessions.set(deviceId, session);
    const replaced = older?.isOpen === true;
    older?.replaced({ address: session.address, boot: hello.boot });
    const stored = await this.#store.openSession({
      deviceId,
      boot: hello.boot,
      uptimeMs: hello.t1,
      nowMs: this.#clock.now(),
    });
    const record = this.#records.get(deviceId);
    if (record !== undefined) record.epoch = stored.epoch;
    return { ...stored, replaced };
  }

  /** A further anchor of a boot, for a device whose clock drifts. @throws HubError `database-failed` */
  addAnchorStep(deviceId: string, step: AnchorStep): Promise<void> {
    return this.#store.addAnchorStep(deviceId, step);
  }

  /** @throws HubError `database-failed` */
  noteUptime(deviceId: string, boot: string, uptimeMs: number): Promise<void> {
    return this.#store.noteUptime(deviceId, boot, uptimeMs);
  }

  /** The session is over; called once for each. */
  sessionEnded(session: Session): void {
    this.#connected.delete(session);
    if (this.#connected.size === 0) this.#empty?.();
    if (this.#sessions.get(session.deviceId) === session) this.#sessions.delete(session.deviceId);
  }

  /** @throws HubError `device-exists` */
  async add(records: readonly DeviceRecord[]): Promise<void> {
    await this.#store.add(records);
    for (const record of records) this.#records.set(record.id, { ...record });
  }

  /** Gives and takes labels. @throws HubError `device-unknown` */
  async label(
    deviceId: string,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
  ): Promise<void> {
    const record = this.#records.get(deviceId);
    const kept = Object.entries(record?.labels ?? {}).filter(([key]) => !remove.includes(key));
    const labels = Object.fromEntries([...kept, ...Object.entries(set)]);
    await this.#store.setLabels(deviceId, labels);
    if (record !== undefined) record.labels = labels;
  }

  /** Forgets the device and ends its sessions with 4403. @throws HubError `device-unknown` */
  async remove(deviceId: string): Promise<void> {
    await this.#store.remove(deviceId);
    this.#records.delete(deviceId);
    this.#shutOut.delete(deviceId);
    for (const session of this.#connected) if (session.deviceId === deviceId) session.close('device-removed');
  }

  /** Resolves when no connection is left. */
  allEnded(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#connected.size === 0) resolve();
      else this.#empty = resolve;
    });
  }

  /** Every connection, in a session or not yet. */
  connections(): readonly Session[] {
    return [...this.#connected];
  }
}
