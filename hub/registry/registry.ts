import type { HelloFrame } from '../../schemas/index.ts';
import { HubError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/time.ts';
import type { Scope } from '../../schemas/api/incidents.ts';
import { parseBasic, type Credential } from './credentials.ts';
import type { AnchorStep, DeviceRecord, DeviceStore, StoredOpening } from './device-store.ts';
import { authenticate, type Authentication, type Principal, type Proof } from '../identity/principal.ts';
import type { Session } from '../sessions/session.ts';

export interface RegistryDeps {
  store: DeviceStore;
  clock: Clock;
  rotated?: (deviceId: string, fault: unknown) => void;
  /** A device was registered. */
  added?: (record: DeviceRecord) => void;
  /** A device may not connect any more, or may again. */
  disabled?: (deviceId: string, disabled: boolean) => void;
  /** Ends what else the hub holds of a device that was removed: commands, presence. */
  removed?: (deviceId: string) => Promise<void>;
}

/** How long a device that abused its rate is refused, ms; the protocol asks it to wait as long. */
const shutOutMs = 60_000;

/** Every device the hub knows, and the session each has: id → record, id → session. */
export class Registry {
  readonly #store: DeviceStore;
  readonly #clock: Clock;
  readonly #records = new Map<string, DeviceRecord>();
  /** Made when asked for, and again after a device came or went. */
  #sorted: readonly DeviceRecord[] | undefined;
  /** The newest session of each device whose hello was valid. */
  readonly #sessions = new Map<string, Session>();
  /** Device → when it may come again, monotonic ms. */
  readonly #shutOut = new Map<string, number>();
  /** Sockets upgraded, with or without a hello. */
  readonly #connected = new Map<Session, Principal>();
  /** The end of each device's last change; changes of one device are made one after another. */
  readonly #changes = new Map<string, Promise<unknown>>();
  /** Devices whose removal is not yet through. */
  readonly #leaving = new Map<string, Promise<unknown>>();
  /** Called when the last connection has ended. */
  #empty: (() => void) | undefined;

  /** Told when a device has changed over to its next secret (or that could not be written). */
  readonly #rotated: (deviceId: string, fault: unknown) => void;
  readonly #added: (record: DeviceRecord) => void;
  readonly #disabled: (deviceId: string, disabled: boolean) => void;
  readonly #removed: (deviceId: string) => Promise<void>;

  constructor(deps: RegistryDeps) {
    this.#rotated = deps.rotated ?? (() => undefined);
    this.#added = deps.added ?? (() => undefined);
    this.#disabled = deps.disabled ?? (() => undefined);
    this.#removed = deps.removed ?? (() => Promise.resolve());
    this.#store = deps.store;
    this.#clock = deps.clock;
  }

  async load(): Promise<void> {
    for (const record of await this.#store.load()) this.#records.set(record.id, record);
    this.#sorted = undefined;
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.#records.get(deviceId);
  }

  /** All records, by id. */
  all(): readonly DeviceRecord[] {
    this.#sorted ??= [...this.#records.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return this.#sorted;
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

  /** Judges what a connection brings. The first use of a `next` secret retires the device's other secrets. */
  authenticate(proof: Proof): Authentication {
    const judged = authenticate(proof, (id) => this.#records.get(id), this.#clock.now());
    if (judged.kind !== 'device') return judged;
    const { record, principal } = judged;
    this.#used(record, principal.credentialId);
    const leftMs = (this.#shutOut.get(record.id) ?? 0) - this.#clock.monotonic();
    if (leftMs > 0) return { kind: 'shut-out', record, retryAfterSec: Math.ceil(leftMs / 1000) };
    this.#shutOut.delete(record.id);
    return judged;
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
  connected(session: Session, principal: Principal): void {
    this.#connected.set(session, principal);
  }

  /**
   * A session's hello is valid: it takes over from an older session at once, and opens when its epoch and the
   * anchor of its boot are on disk.
   */
  async openSession(session: Session, hello: HelloFrame): Promise<StoredOpening> {
    const { deviceId } = session;
    const older = this.#sessions.get(deviceId);
    this.#sessions.set(deviceId, session);
    older?.replaced({ address: session.address, boot: hello.boot });
    // A device gives up its old secret at the welcome: by then the new one must be on disk.
    const changing = this.#changes.get(deviceId);
    if (changing !== undefined) await changing;
    const stored = await this.#store.openSession({
      deviceId,
      boot: hello.boot,
      uptimeMs: hello.t1,
      nowMs: this.#clock.now(),
    });
    const record = this.#records.get(deviceId);
    if (record !== undefined) Object.assign(record, { epoch: stored.epoch, connectedBefore: true });
    return stored;
  }

  /** A further anchor of a boot, for a device whose clock drifts. @throws HubError `database-failed` */
  addAnchorStep(deviceId: string, step: AnchorStep): Promise<void> {
    return this.#store.addAnchorStep(deviceId, step);
  }

  /** @throws HubError `database-failed` */
  noteUptime(deviceId: string, boot: string, uptimeMs: number): Promise<void> {
    return this.#store.noteUptime(deviceId, boot, uptimeMs);
  }

  /** The session is over; called once for each. @returns whether the device has another that counts */
  sessionEnded(session: Session): boolean {
    this.#connected.delete(session);
    if (this.#connected.size === 0) this.#empty?.();
    if (this.#sessions.get(session.deviceId) === session) this.#sessions.delete(session.deviceId);
    return this.#sessions.has(session.deviceId);
  }

  /** Registers devices, all or none. @throws HubError `device-exists` */
  async add(records: readonly DeviceRecord[]): Promise<void> {
    // What ends the last things of a device that is being removed must not find a new one of its name.
    await Promise.all(records.flatMap(({ id }) => this.#leaving.get(id) ?? []));
    const epochs = await this.#store.add(records);
    this.#sorted = undefined;
    for (const record of records) {
      const own = { ...record, epoch: epochs.get(record.id) ?? record.epoch };
      this.#records.set(record.id, own);
      this.#added(own);
    }
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

  /**
   * Forgets the device, ends its sessions with 4403 and whatever else the hub holds of it; until then its id cannot
   * be registered again. @throws HubError `device-unknown`
   */
  remove(deviceId: string): Promise<void> {
    const removed = this.#remove(deviceId);
    const through = Promise.allSettled([this.#leaving.get(deviceId), removed]);
    this.#leaving.set(deviceId, through);
    void through.then(() => {
      if (this.#leaving.get(deviceId) === through) this.#leaving.delete(deviceId);
    });
    return removed;
  }

  async #remove(deviceId: string): Promise<void> {
    await this.#store.remove(deviceId);
    this.#records.delete(deviceId);
    this.#sorted = undefined;
    this.#shutOut.delete(deviceId);
    for (const session of this.#sessionsOf(deviceId)) session.close('device-removed');
    await this.#removed(deviceId);
  }

  /** A device that is disabled is refused (403), and its sessions end with 4403. @throws HubError `device-unknown` */
  async setDisabled(deviceId: string, disabled: boolean): Promise<void> {
    await this.#change(deviceId, (record) => ({ ...record, disabled }));
    this.#disabled(deviceId, disabled);
    if (disabled) for (const session of this.#sessionsOf(deviceId)) session.close('credential-revoked');
  }

  /**
   * Changes the credentials of a device; sessions opened with one that is gone end with 4403.
   * @param change what throws in it is thrown here, and nothing changes
   * @throws HubError `device-unknown`
   */
  async changeCredentials(
    deviceId: string,
    change: (credentials: readonly Credential[], record: DeviceRecord) => readonly Credential[],
  ): Promise<void> {
    const { credentials } = await this.#change(deviceId, (record) => ({
      ...record,
      credentials: change(record.credentials, record),
    }));
    const ids = new Set(['certificate', ...credentials.map(({ id }) => id)]);
    for (const [session, principal] of this.#connected) {
      if (session.deviceId === deviceId && !ids.has(principal.credentialId)) {
        session.close('credential-revoked');
      }
    }
  }

  /** Notes that the device's secret is to be changed, or no longer. @throws HubError `device-unknown` */
  async setRotationDue(deviceId: string, dueMs: number | undefined): Promise<void> {
    await this.#change(deviceId, (record) => {
      const { rotationDueMs: _, ...rest } = record;
      return dueMs === undefined ? rest : { ...rest, rotationDueMs: dueMs };
    });
  }

  /** Ends the sessions whose proof has expired, with 4401. To be called every second or so. */
  closeExpired(): void {
    const now = this.#clock.now();
    for (const [session, { expiresMs }] of this.#connected) {
      if (expiresMs !== undefined && expiresMs <= now) session.close('credential-expired');
    }
  }

  /** How the device's connection proved who it is; undefined when it has none. */
  principalOf(session: Session): Principal | undefined {
    return this.#connected.get(session);
  }

  *#sessionsOf(deviceId: string): Generator<Session> {
    for (const session of this.#connected.keys()) if (session.deviceId === deviceId) yield session;
  }

  /** Changes a record on disk, then in memory, one change of a device after another. */
  async #change(deviceId: string, change: (record: DeviceRecord) => DeviceRecord): Promise<DeviceRecord> {
    const before = this.#changes.get(deviceId) ?? Promise.resolve();
    const changed = before.then(async () => {
      for (;;) {
        const record = this.#records.get(deviceId);
        if (record === undefined) {
          throw new HubError('device-unknown', deviceId, { details: { id: deviceId } });
        }
        const { credentials } = record;
        const next = change({ ...record });
        await this.#store.save(next);
        // A next secret was used meanwhile: what was written does not know of it, so it is done again.
        if (record.credentials !== credentials) continue;
        // Sessions hold the record and its epoch rises meanwhile: the object stays the same.
        record.credentials = next.credentials;
        record.disabled = next.disabled;
        if (next.rotationDueMs === undefined) delete record.rotationDueMs;
        else record.rotationDueMs = next.rotationDueMs;
        return record;
      }
    });
    const settled = changed.catch(() => undefined);
    this.#changes.set(deviceId, settled);
    void settled.then(() => {
      if (this.#changes.get(deviceId) === settled) this.#changes.delete(deviceId);
    });
    return changed;
  }

  /** The first use of a next secret: it counts from now on, and the others are retired once that is on disk. */
  #used(record: DeviceRecord, credentialId: string): void {
    const used = record.credentials.find(({ id }) => id === credentialId);
    if (used?.state !== 'next') return;
    const active: Credential = { ...used, state: 'active' };
    record.credentials = record.credentials.map((credential) => (credential === used ? active : credential));
    delete record.rotationDueMs;
    // Sessions opened with a retired secret stay: they are the same device's, and its new hello takes over.
    this.#change(record.id, (now) => {
      const { rotationDueMs: _, ...rest } = now;
      const credentials = rest.credentials.filter(({ id, kind }) => kind !== 'secret' || id === credentialId);
      return { ...rest, credentials };
    }).then(
      () => this.#rotated(record.id, undefined),
      // Both secrets stay valid; a restarted hub finds the next one unused and retires the old at its next use.
      (error: unknown) => this.#rotated(record.id, error),
    );
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
    return [...this.#connected.keys()];
  }
}
