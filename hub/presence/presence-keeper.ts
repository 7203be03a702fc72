import type { Clock } from '../../schemas/time/clock.ts';
import type { Log } from '../kernel/log.ts';
import { messageOf } from '../kernel/errors.ts';
import {
  knownSession,
  openedSession,
  updatedSession,
  type KnownSession,
  type LastSession,
  type SessionFacts,
} from './last-session.ts';
import type { Liveness, Watch } from './liveness.ts';
import { presenceStates, type PresenceState } from '../../schemas/presence-states.ts';
import { neverSeen, stepPresence } from './presence.ts';
import type { Marks, Presence } from '../../schemas/api/presence.ts';
import type { Closer, PresenceEvent } from './presence.ts';
import type { PresenceFollower } from './presence-follower.ts';

export interface PresenceRow extends Presence {
  deviceId: string;
  /** Of its last session; absent before the first. */
  timing?: LinkTiming | undefined;
  session?: LastSession | undefined;
}

export interface PresenceStore {
  loadPresence(): Promise<PresenceRow[]>;
  /**
   * Resolves when the rows are on disk, those of one device in their order.
   * @returns whose rows they were; a device that is left out is not ours: it is removed, or another hub's by now
   */
  savePresence(rows: readonly PresenceRow[]): Promise<ReadonlySet<string>>;
}

/** What the hub sends to a device, as presence sees it. */
export interface WatchedOutbox {
  /** Sends a WebSocket ping (RFC 6455 §5.5.2). */
  ping(): void;
  /** Liveness time at which anything was last sent. */
  readonly sentAt: number;
}

/** The session as presence sees it. */
export interface WatchedLink extends SessionFacts {
  readonly outbox: WatchedOutbox;
  /** Liveness time of the last pong. */
  readonly pongAt: number;
  /** When the link, the application and its data last showed a sign of life, Unix ms. */
  marks(): Marks;
  /** Neither frames nor pongs: close with 4408. */
  silent(): void;
}

export interface LinkTiming {
  heartbeatMs: number;
  graceMs: number;
}

/** A registered device, as far as its presence goes. */
export interface KnownDevice {
  id: string;
  /** Unix ms. */
  createdMs: number;
  epoch: number;
  disabled: boolean;
  /** Of its type. */
  timing: LinkTiming;
}

interface Entry {
  presence: Presence;
  timing?: LinkTiming | undefined;
  /** The latest one, its clock as it was at the last change of presence. */
  session?: LastSession | undefined;
  watch?: Watch | undefined;
  link?: WatchedLink | undefined;
  /** Ends the pings of the link. */
  endPings?: (() => void) | undefined;
}

export interface PresenceKeeperDeps {
  clock: Clock;
  log: Log;
  liveness: Liveness;
  store: PresenceStore;
  /** For how long the hub has turned devices away so far, ms. That time never counts as device silence. */
  turnedAwayMs: () => number;
  followers: readonly PresenceFollower[];
}

/**
 * Keeps the presence of every device. It turns sessions and silences into events of the pure machine, writes each
 * change to disk, and only then notifies the followers.
 */
export class PresenceKeeper {
  readonly #deps: PresenceKeeperDeps;
  readonly #entries = new Map<string, Entry>();
  #unsaved: PresenceRow[] = [];
  #saving: Promise<void> | undefined;
  /** Changes whose save failed. They are reported all the same: hiding them would be wrong for longer. */
  saveFailures = 0;
  /** Changes that were not saved because the device is not ours. Nobody is notified of them. */
  notOurs = 0;

  constructor(deps: PresenceKeeperDeps) {
    this.#deps = deps;
  }

  /**
   * Reads the last known states. Devices that were connected when the hub went away are `unknown` until they
   * are back, and offline only after the longest backoff (or their slot) + heartbeat + grace: the hub's own
   * absence says nothing about them.
   * @param backoffMaxMs the longest wait of a device between two attempts
   * @param devices all registered devices; those registered while no hub ran get their presence now
   */
  async load(backoffMaxMs: number, devices: Iterable<KnownDevice>): Promise<void> {
    const rows = new Map((await this.#deps.store.loadPresence()).map((row) => [row.deviceId, row]));
    for (const device of devices) {
      const row = rows.get(device.id);
      if (row === undefined) this.registered(device);
      else {
        const { deviceId, timing, session, ...presence } = row;
        this.#entries.set(deviceId, { presence, timing, session });
        this.#apply(deviceId, { kind: 'hub-restarted' });
        this.#await(deviceId, backoffMaxMs, timing ?? device.timing);
      }
      // It was disabled or enabled, and the hub died before that was reported.
      const wasDisabled = row?.state === 'disabled';
      if (device.disabled !== wasDisabled) this.disabled(device.id, device.disabled);
    }
  }

  /** The presence now, its marks up to this moment. */
  get(deviceId: string): Presence {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined) return neverSeen(0);
    return { ...entry.presence, marks: marksOf(entry) };
  }

  /** As `get`; undefined for a device that is not registered. */
  find(deviceId: string): Presence | undefined {
    return this.#entries.has(deviceId) ? this.get(deviceId) : undefined;
  }

  /** The device's open session, or the last one; undefined: none is known. */
  session(deviceId: string): KnownSession | undefined {
    const entry = this.#entries.get(deviceId);
    const session = entry && sessionOf(entry);
    if (entry?.timing === undefined || session === undefined) return undefined;
    return knownSession(session, entry.timing, marksOf(entry), entry.link !== undefined);
  }

  /** How many devices are in each state. */
  counts(): Record<PresenceState, number> {
    const counts = Object.fromEntries(presenceStates.map((state) => [state, 0])) as Record<
      PresenceState,
      number
    >;
    for (const { presence } of this.#entries.values()) counts[presence.state] += 1;
    return counts;
  }

  /** Every known presence, for snapshots. */
  *all(): Generator<readonly [string, Presence]> {
    for (const deviceId of this.#entries.keys()) yield [deviceId, this.get(deviceId)];
  }

  /** A device was registered: it has a presence from now on. */
  registered({ id, createdMs, epoch }: Pick<KnownDevice, 'id' | 'createdMs' | 'epoch'>): void {
    const entry: Entry = { presence: neverSeen(createdMs, epoch) };
    this.#entries.set(id, entry);
    this.#keep(id, entry);
  }

  /** The device may not connect any more, or may again. */
  disabled(deviceId: string, disabled: boolean): void {
    const entry = this.#entry(deviceId);
    if (disabled) this.#leave(entry);
    this.#apply(deviceId, { kind: disabled ? 'disabled' : 'enabled' });
  }

  /** A session is open. @returns its watch: the session stores `liveness.now` in `heardAt` at each frame. */
  opened(deviceId: string, link: WatchedLink, { epoch, ...timing }: LinkTiming & { epoch: number }): Watch {
    const entry = this.#entry(deviceId);
    // A link that is still there was taken over. The end of its session is not reported as a close.
    const replaced = entry.link !== undefined;
    this.#leave(entry);
    entry.link = link;
    entry.timing = timing;
    entry.session = openedSession(this.#deps.clock.now(), link, entry.session);
    // A device may count on hearing something every heartbeat. Most get answers to what they send.
    entry.endPings = this.#deps.liveness.inQuiet(
      timing.heartbeatMs,
      () => link.outbox.sentAt,
      () => link.outbox.ping(),
    );
    this.#apply(deviceId, { kind: 'opened', epoch, replaced });
    return this.#watchLink(deviceId, entry, link, timing);
  }

  /**
   * A frame came in a session whose watch asks for attention: the device counted as suspect or offline, and is not.
   * @returns the watch that is valid from now on
   */
  heardAgain(deviceId: string, link: WatchedLink, watch: Watch): Watch {
    const entry = this.#entry(deviceId);
    watch.attention = false;
    if (entry.link !== link) return watch;
    this.#apply(deviceId, { kind: 'heard' });
    const { timing } = entry;
    return watch.expired && timing !== undefined ? this.#watchLink(deviceId, entry, link, timing) : watch;
  }

  /** The session's socket is gone without a goodbye. Its deadline still applies. */
  closed(deviceId: string, link: WatchedLink, by: Closer): void {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined || entry.link !== link) return;
    const { watch } = entry;
    this.#apply(deviceId, { kind: 'closed', by });
    this.#leave(entry);
    if (watch === undefined || watch.expired || entry.presence.state !== 'suspect') return;
    const leftMs = watch.heardAt + watch.options.allowedMs - this.#deps.liveness.now;
    this.#watchAway(entry, leftMs, () => this.#apply(deviceId, { kind: 'stayed-away', by }));
  }

  /** A session took the place of an open one, and ended before its welcome: the device has no link any more. */
  takeoverFailed(deviceId: string, by: Closer): void {
    const link = this.#entries.get(deviceId)?.link;
    if (link !== undefined) this.closed(deviceId, link, by);
  }

  bye(deviceId: string, sleepSec: number | undefined, graceMs: number): void {
    const entry = this.#entry(deviceId);
    this.#apply(deviceId, sleepSec === undefined ? { kind: 'bye' } : { kind: 'bye', sleepSec });
    this.#leave(entry);
    if (sleepSec === undefined) return;
    this.#watchAway(entry, sleepSec * 1000 + graceMs, () =>
      this.#apply(deviceId, { kind: 'silent', linkAlive: false }),
    );
  }

  /** The hub is stopping, and asked the device to come back at `slotMs` (Unix ms). */
  draining(deviceId: string, slotMs: number): void {
    const entry = this.#entry(deviceId);
    this.#apply(deviceId, { kind: 'draining', slotMs });
    this.#leave(entry);
  }

  /** The device is no longer registered. Resolves when its last change has been reported. */
  async removed(deviceId: string): Promise<void> {
    const entry = this.#entries.get(deviceId);
    if (entry !== undefined) this.#leave(entry);
    this.#entries.delete(deviceId);
    await this.settled();
  }

  /** Resolves when every change so far is on disk and reported. */
  async settled(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
  }

  #entry(deviceId: string): Entry {
    let entry = this.#entries.get(deviceId);
    if (entry === undefined) {
      entry = { presence: neverSeen(this.#deps.clock.now()) };
      this.#entries.set(deviceId, entry);
    }
    return entry;
  }

  #unwatch(entry: Entry): void {
    if (entry.watch !== undefined) this.#deps.liveness.unwatch(entry.watch);
    entry.watch = undefined;
  }

  /** The link is gone or replaced; its last signs of life are kept. */
  #leave(entry: Entry): void {
    this.#unwatch(entry);
    entry.presence = { ...entry.presence, marks: marksOf(entry) };
    entry.session = sessionOf(entry);
    entry.endPings?.();
    entry.endPings = undefined;
    entry.link = undefined;
  }

  /** After a start: how long the device may take to come back, or to wake. */
  #await(deviceId: string, backoffMaxMs: number, { heartbeatMs, graceMs }: LinkTiming): void {
    const entry = this.#entry(deviceId);
    const { state, untilMs = 0 } = entry.presence;
    const leftMs = untilMs - this.#deps.clock.now();
    if (state === 'unknown' || state === 'migrating') {
      this.#watchAway(entry, Math.max(backoffMaxMs, leftMs) + heartbeatMs + graceMs, () =>
        this.#apply(deviceId, { kind: 'not-seen-since-restart' }),
      );
    } else if (state === 'sleeping') {
      // A device that woke while the hub was away gets the same time to reconnect as any other.
      this.#watchAway(entry, (leftMs > 0 ? leftMs : backoffMaxMs + heartbeatMs) + graceMs, () =>
        this.#apply(deviceId, { kind: 'silent', linkAlive: false }),
      );
    }
  }

  /** Waits for a device without a session; the time in which the hub turned devices away does not count. */
  #watchAway(entry: Entry, allowedMs: number, expired: () => void): void {
    this.#unwatch(entry);
    const { liveness, turnedAwayMs } = this.#deps;
    const before = turnedAwayMs();
    entry.watch = liveness.watch({
      allowedMs,
      expired: () => {
        const pausedMs = turnedAwayMs() - before;
        if (pausedMs > 0) this.#watchAway(entry, pausedMs, expired);
        else expired();
      },
    });
  }

  /**
   * Watches an open session. After the heartbeat the device is suspect, and the hub pings its link. After heartbeat +
   * grace it is offline: `no-heartbeat` if its stack still answered; otherwise `link-lost`, and the socket is closed.
   */
  #watchLink(deviceId: string, entry: Entry, link: WatchedLink, timing: LinkTiming): Watch {
    this.#unwatch(entry);
    let askedAt = 0;
    const watch = this.#deps.liveness.watch({
      quietMs: timing.heartbeatMs,
      quiet: () => {
        askedAt = this.#deps.liveness.now;
        this.#apply(deviceId, { kind: 'late' });
        link.outbox.ping();
      },
      allowedMs: timing.heartbeatMs + timing.graceMs,
      expired: () => {
        const linkAlive = entry.link === link && link.pongAt >= askedAt;
        this.#apply(deviceId, { kind: 'silent', linkAlive });
        if (linkAlive) this.#watchHungLink(entry, link, timing);
        else link.silent();
      },
    });
    entry.watch = watch;
    return watch;
  }

  /** The application hangs while its stack answers pings. A link that dies later must be found too. */
  #watchHungLink(entry: Entry, link: WatchedLink, timing: LinkTiming): void {
    this.#unwatch(entry);
    const { liveness } = this.#deps;
    const before = liveness.now;
    link.outbox.ping();
    entry.watch = liveness.watch({
      allowedMs: timing.heartbeatMs + timing.graceMs,
      expired: () => {
        if (entry.link === link && link.pongAt >= before) this.#watchHungLink(entry, link, timing);
        else link.silent();
      },
    });
  }

  #apply(deviceId: string, event: PresenceEvent): void {
    const entry = this.#entry(deviceId);
    const before = { ...entry.presence, marks: marksOf(entry) };
    const after = stepPresence(before, event, this.#deps.clock.now());
    if (after === undefined) return;
    entry.presence = after;
    this.#keep(deviceId, entry);
  }

  #keep(deviceId: string, entry: Entry): void {
    const { presence, timing } = entry;
    this.#unsaved.push({ deviceId, ...presence, timing, session: sessionOf(entry) });
    this.#saving ??= this.#save();
  }

  async #save(): Promise<void> {
    while (this.#unsaved.length > 0) {
      const rows = this.#unsaved;
      this.#unsaved = [];
      let ours: ReadonlySet<string> | undefined;
      try {
        ours = await this.#deps.store.savePresence(rows);
      } catch (error) {
        this.saveFailures += rows.length;
        this.#deps.log.error({ error: messageOf(error), changes: rows.length }, 'presence not saved');
      }
      for (const { deviceId, timing: _timing, session: _session, ...presence } of rows) {
        if (ours?.has(deviceId) === false) this.notOurs += 1;
        else this.#notify(deviceId, presence);
      }
    }
    this.#saving = undefined;
  }

  /** A follower that throws must not end the keeping. */
  #notify(deviceId: string, presence: Presence): void {
    try {
      for (const follower of this.#deps.followers) follower.presenceChanged(deviceId, presence);
    } catch (error) {
      this.#deps.log.error({ device: deviceId, err: error }, 'presence not reported');
    }
  }
}

/** The last signs of life: of the open link, or before it. */
function marksOf({ presence, link }: Entry): Marks {
  return link === undefined ? presence.marks : { ...presence.marks, ...link.marks() };
}

/** The latest session, with the clock of the open link. */
function sessionOf({ session, link }: Entry): LastSession | undefined {
  return session === undefined || link === undefined ? session : updatedSession(session, link);
}
