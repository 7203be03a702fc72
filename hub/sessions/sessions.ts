import { limits, type DeviceType, type DeviceTypeCatalog, type HelloFrame } from '../../schemas/index.ts';
import { HubError } from '../kernel/errors.ts';
import type { Principal } from '../identity/principal.ts';
import type { KnownSession } from '../presence/last-session.ts';
import type { Scope } from '../../schemas/api/incidents.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { DeviceChange, DeviceFollower } from '../registry/device-follower.ts';
import type { DeviceRecord, Opened } from '../registry/device-store.ts';
import type { Registry } from '../registry/registry.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { HubClock } from '../telemetry/clock/hub-clock.ts';
import type { DeviceSession } from './device-session.ts';
import { FrameLog } from './frames/frame-log.ts';
import { newSessionCounters } from './session-counters.ts';

export interface SessionsDeps {
  registry: Registry;
  catalog: DeviceTypeCatalog;
  clock: Clock;
  hubClock: Pick<HubClock, 'unusable'>;
  /** What is known of a device whose session is over, perhaps since an earlier start of the hub. */
  lastSession: (deviceId: string) => KnownSession | undefined;
}

/** How long a device that abused its rate is refused, ms; the protocol asks it to wait as long. */
const shutOutMs = 60_000;
/** The shortest wait of devices that reconnect to get an anchor, ms. Their own backoff spreads them from there on. */
const reAnchorMs = 1_000;

/** Every connection of a device, and the session of each device that counts. */
export class Sessions implements DeviceFollower {
  /** Of all sessions together. */
  readonly counters = newSessionCounters();
  /** The last frames of each device. */
  readonly frames: FrameLog;
  readonly #deps: SessionsDeps;
  /** The newest session of each device whose hello was valid. */
  readonly #sessions = new Map<string, DeviceSession>();
  /** Sockets upgraded, with or without a hello. */
  readonly #connected = new Map<DeviceSession, Principal>();
  /** Device → when it may come again, monotonic ms. */
  readonly #shutOut = new Map<string, number>();
  /** Called when the last connection has ended. */
  #empty: (() => void) | undefined;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    this.frames = new FrameLog(deps.clock);
  }

  /** The device's session that counts, whether its welcome is out or on its way. */
  get(deviceId: string): DeviceSession | undefined {
    return this.#sessions.get(deviceId);
  }

  /** The sessions whose welcome is out. */
  *openSessions(): Generator<DeviceSession> {
    for (const session of this.#sessions.values()) if (session.isOpen) yield session;
  }

  /** Of every connection, in a session or not yet. */
  get connectionCount(): number {
    return this.#connected.size;
  }

  /** How many sessions the viewer may see. @param mayShow not given: all */
  openCount(mayShow?: MayShow): number {
    let count = 0;
    for (const { deviceId } of this.openSessions()) if (mayShow?.(deviceId) !== false) count += 1;
    return count;
  }

  /** Every connection, in a session or not yet. */
  connections(): readonly DeviceSession[] {
    return [...this.#connected.keys()];
  }

  /**
   * The type of the device now: the one its open session or its last one has, otherwise the one it was registered with.
   * A disabled device has one too, since what it has sent stays to be looked at.
   * @returns undefined when the device is not registered, or its type is no longer there
   */
  typeOf(deviceId: string): DeviceType | undefined {
    const session = this.#sessions.get(deviceId);
    if (session?.isOpen === true) return session.type;
    const { registry, catalog, lastSession } = this.#deps;
    const record = registry.get(deviceId);
    const last = record && lastSession(deviceId)?.session.deviceType;
    return (last === undefined ? undefined : catalog.get(last)) ?? (record && catalog.get(record.type));
  }

  /**
   * As `typeOf`, for what cannot be done without it.
   * @throws HubError `device-unknown` · `type-unknown` when the file of its type is gone
   */
  requireType(deviceId: string): DeviceType {
    const record = this.#deps.registry.require(deviceId);
    const type = this.typeOf(deviceId);
    if (type !== undefined) return type;
    const note = `${record.type}, the type of ${deviceId}; put its file back, or remove the device`;
    throw new HubError('type-unknown', note, { details: { id: record.type } });
  }

  /** The type by which commands are judged: a disabled device takes none. */
  commandedTypeOf(deviceId: string): DeviceType | undefined {
    return this.#deps.registry.get(deviceId)?.disabled === false ? this.typeOf(deviceId) : undefined;
  }

  /** The longest frame that the device can receive, bytes: as its session says, or the longest there is. */
  maxFrameBytesOf(deviceId: string): number {
    return this.#sessions.get(deviceId)?.outbox.maxFrameBytes ?? limits.frameBytes;
  }

  /** The device types have changed: what comes from now on is judged by the new ones. */
  typesChanged(): void {
    for (const session of this.openSessions()) {
      const type = this.#deps.catalog.get(session.type.id);
      if (type !== undefined) session.typeChanged(type);
    }
  }

  /** What the device shares with others: its site, and the address and firmware of its session. */
  scopesOf(deviceId: string): Scope[] {
    const record = this.#deps.registry.get(deviceId);
    const session = this.#sessions.get(deviceId);
    const scopes: Scope[] = [];
    if (record !== undefined) scopes.push({ by: 'site', value: record.site });
    if (session !== undefined) scopes.push({ by: 'address', value: session.address });
    if (session?.firmware !== undefined) scopes.push({ by: 'firmware', value: session.firmware });
    return scopes;
  }

  /** The upgrade is done. @param principal how the connection proved who it is */
  connected(session: DeviceSession, principal: Principal): void {
    this.#connected.set(session, principal);
  }

  /**
   * A session's hello is valid: it takes over from an older session immediately, and opens when its epoch and the
   * anchor of its boot are on disk. @throws HubError `database-failed`
   */
  openSession(session: DeviceSession, hello: HelloFrame): Promise<Opened> {
    const { deviceId } = session;
    const older = this.#sessions.get(deviceId);
    this.#sessions.set(deviceId, session);
    older?.replaced({ address: session.address, boot: hello.boot });
    const { registry, hubClock } = this.#deps;
    const { boot, t1: uptimeMs, boots } = hello;
    return registry.openSession({ deviceId, boot, uptimeMs }, boots, !hubClock.unusable);
  }

  /** The hub's clock is believed again. Devices that connected meanwhile with a new boot reconnect, to get a time for it. */
  clockBelieved(): void {
    for (const session of this.openSessions()) if (!session.anchored) session.close('overloaded', reAnchorMs);
  }

  /** The session is over; called once for each. @returns whether the device has another that counts */
  ended(session: DeviceSession): boolean {
    this.#connected.delete(session);
    if (this.#connected.size === 0) this.#empty?.();
    if (this.#sessions.get(session.deviceId) === session) this.#sessions.delete(session.deviceId);
    return this.#sessions.has(session.deviceId);
  }

  /** Resolves when no connection is left. */
  allEnded(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#connected.size === 0) resolve();
      else this.#empty = resolve;
    });
  }

  /** Ends the sessions whose proof has expired, with 4401. To be called every second or so. */
  closeExpired(): void {
    const now = this.#deps.clock.now();
    for (const [session, { expiresMs }] of this.#connected) {
      if (expiresMs !== undefined && expiresMs <= now) session.close('credential-expired');
    }
  }

  /** The device abused its rate: it is refused for a while. */
  shutOut(deviceId: string): void {
    this.#shutOut.set(deviceId, this.#deps.clock.monotonic() + shutOutMs);
  }

  /** For how long the device is still refused because it abused its rate, ms; 0 or less: it is not. */
  shutOutMs(deviceId: string): number {
    const until = this.#shutOut.get(deviceId);
    if (until === undefined) return 0;
    const leftMs = until - this.#deps.clock.monotonic();
    if (leftMs <= 0) this.#shutOut.delete(deviceId);
    return leftMs;
  }

  /** Ends the sessions that would not be let in any more, with 4403: disabled, or without their credential. */
  changed({ id, disabled, credentials }: DeviceRecord, what: DeviceChange): void {
    if (what === 'labels') return;
    const valid = new Set(disabled ? [] : ['certificate', ...credentials.map((credential) => credential.id)]);
    for (const [session, { deviceId, credentialId }] of this.#connected)
      if (deviceId === id && !valid.has(credentialId)) session.close('credential-revoked');
  }

  removed(deviceId: string): void {
    this.#shutOut.delete(deviceId);
    for (const session of this.#connected.keys())
      if (session.deviceId === deviceId) session.close('device-removed');
    this.frames.removed(deviceId);
  }
}
