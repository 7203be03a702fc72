import type { Marks, Presence } from '../../schemas/api/presence.ts';
import { presenceStates, type PresenceState } from '../../schemas/presence-states.ts';
import { DeviceWatches, type DeviceWatchesDeps, type Watched } from './device-watches.ts';
import {
  knownSession,
  openedSession,
  updatedSession,
  type KnownSession,
  type LastSession,
} from './last-session.ts';
import type { Watch } from './liveness.ts';
import { PresenceSaver, type PresenceSaverDeps } from './presence-saver.ts';
import type { PresenceRow } from './presence-store.ts';
import { isAway, neverSeen, stepPresence, type Closer, type PresenceEvent } from './presence.ts';
import type { LinkTiming, WatchedLink } from './watched-link.ts';

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

interface Entry extends Watched {
  presence: Presence;
  /** Another hub judges the device, or nobody has to: this is what is known of it. */
  elsewhere?: boolean;
  timing?: LinkTiming | undefined;
  /** The latest one, its clock as it was at the last change of presence. */
  session?: LastSession | undefined;
  /** Ends the pings of the link. */
  endPings?: (() => void) | undefined;
}

export type PresenceKeeperDeps = PresenceSaverDeps & DeviceWatchesDeps;

/**
 * Keeps the presence of every device. It turns sessions and silences into events of the pure machine, writes each
 * change to disk, and only then notifies the followers.
 */
export class PresenceKeeper {
  readonly #deps: PresenceKeeperDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #watches: DeviceWatches;
  readonly #saver: PresenceSaver;

  constructor(deps: PresenceKeeperDeps) {
    this.#deps = deps;
    this.#watches = new DeviceWatches(deps);
    this.#saver = new PresenceSaver(deps, (deviceId, { epoch }) => {
      const entry = this.#entries.get(deviceId);
      if (deps.several === true && entry?.presence.epoch === epoch) this.#letGo(entry);
    });
  }

  /** Changes whose save failed. */
  get saveFailures(): number {
    return this.#saver.failures;
  }

  /** Changes that were not saved because the device is not ours. */
  get notOurs(): number {
    return this.#saver.notOurs;
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
      if (this.#deps.several === true) this.#knowAsOthers(device, row);
      else if (row === undefined) this.registered(device);
      else this.#resume(row, device, backoffMaxMs);
    }
  }

  /**
   * These devices were a hub's that has ended, and are ours now: they are `unknown` until they are back, wherever that is.
   * @param waitMs how long one may take to come back, from the moment on at which it became unknown
   */
  async adopt(devices: readonly KnownDevice[], waitMs: number): Promise<void> {
    const rows = await this.#deps.store.loadPresence(devices.map(({ id }) => id));
    const known = new Map(devices.map((device) => [device.id, device]));
    for (const row of rows) {
      const device = known.get(row.deviceId);
      const entry = this.#entries.get(row.deviceId);
      // It has come back to us in the meantime.
      const isHere = entry?.link !== undefined && entry.presence.epoch >= row.epoch;
      if (device === undefined || isHere) continue;
      const unknownMs = row.state === 'unknown' ? this.#deps.clock.now() - row.sinceMs : 0;
      this.#resume(row, device, Math.max(0, waitMs - unknownMs));
    }
  }

  /**
   * What another hub says of a device.
   * @returns outdated: the device is ours, and has changed since; nothing: it tells nothing new
   */
  heardOf(deviceId: string, presence: Presence): 'newer' | 'nothing' | 'outdated' {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined) return 'nothing';
    const { epoch, n } = entry.presence;
    const isOurs = entry.elsewhere !== true;
    const ahead = presence.epoch - epoch || presence.n - n;
    if (ahead <= 0) return isOurs && ahead < 0 ? 'outdated' : 'nothing';
    if (isOurs) {
      // It may have been ours until a moment ago, in this session; then our next save finds that out.
      if (presence.epoch === epoch) return 'nothing';
      this.handOver(deviceId, presence.epoch);
    }
    entry.presence = presence;
    for (const follower of this.#deps.followers) follower.changedElsewhere?.(deviceId, presence);
    return 'newer';
  }

  /** Another hub has the device, in a session of this epoch. */
  handOver(deviceId: string, epoch: number): void {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined || entry.elsewhere === true || entry.presence.epoch >= epoch) return;
    this.#letGo(entry);
  }

  /**
   * Lets go of what is not ours any more: a hint may have been lost.
   * @param read gives the devices that are ours, with their epochs
   * @returns those that are ours and that nobody here watches: a session may just be opening, or has ended before it was open
   */
  async compare(read: () => Promise<ReadonlyMap<string, number>>): Promise<string[]> {
    const before = [...this.#entries].filter(([, entry]) => entry.elsewhere !== true);
    const epochs = before.map(([, { presence }]) => presence.epoch);
    const ours = await read();
    for (const [at, [deviceId, entry]] of before.entries()) {
      const { epoch } = entry.presence;
      if (this.#entries.get(deviceId) !== entry || epoch !== epochs[at]) continue;
      if (ours.get(deviceId) !== epoch && epoch > 0) this.#letGo(entry);
    }
    return [...ours.keys()].filter((deviceId) => this.#entries.get(deviceId)?.elsewhere === true);
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

  /** This hub judges the device. */
  isOurs(deviceId: string): boolean {
    const entry = this.#entries.get(deviceId);
    return entry !== undefined && entry.elsewhere !== true;
  }

  /** Another hub has a session of the device, or awaits it. */
  isElsewhere(deviceId: string): boolean {
    const entry = this.#entries.get(deviceId);
    return entry?.elsewhere === true && !isAway(entry.presence);
  }

  /** Which hub has the device. */
  whose(deviceId: string): 'ours' | 'others' | 'nobodys' {
    if (this.isElsewhere(deviceId)) return 'others';
    return this.isOurs(deviceId) ? 'ours' : 'nobodys';
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

  /** The presence of every device that we judge. */
  *all(): Generator<readonly [string, Presence]> {
    for (const [deviceId, { elsewhere }] of this.#entries)
      if (elsewhere !== true) yield [deviceId, this.get(deviceId)];
  }

  /** A device was registered: it has a presence from now on. */
  registered(device: Pick<KnownDevice, 'id' | 'createdMs' | 'epoch'>, byOther = false): void {
    if (byOther) {
      this.#knowAsOthers(device, undefined);
      return;
    }
    const entry: Entry = { presence: neverSeen(device.createdMs, device.epoch) };
    this.#entries.set(device.id, entry);
    this.#keep(device.id, entry);
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
    entry.elsewhere = false;
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
    const leftMs = this.#watches.leftMs(entry);
    this.#apply(deviceId, { kind: 'closed', by });
    this.#leave(entry);
    if (leftMs === undefined || entry.presence.state !== 'suspect') return;
    this.#watches.away(entry, leftMs, () => this.#apply(deviceId, { kind: 'stayed-away', by }));
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
    this.#watches.away(entry, sleepSec * 1000 + graceMs, () =>
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
  settled(): Promise<void> {
    return this.#saver.settled();
  }

  #knowAsOthers(
    { id, createdMs, epoch }: Pick<KnownDevice, 'id' | 'createdMs' | 'epoch'>,
    row?: PresenceRow,
  ): void {
    const entry = row === undefined ? { presence: neverSeen(createdMs, epoch) } : entryOf(row);
    this.#entries.set(id, { ...entry, elsewhere: true });
  }

  #resume(row: PresenceRow, device: KnownDevice, backoffMaxMs: number): void {
    const { deviceId, timing } = row;
    this.#entries.set(deviceId, entryOf(row));
    this.#apply(deviceId, { kind: 'hub-restarted' });
    this.#await(deviceId, backoffMaxMs, timing ?? device.timing);
    // It was disabled or enabled, and the hub died before that was reported.
    const wasDisabled = row.state === 'disabled';
    if (device.disabled !== wasDisabled) this.disabled(device.id, device.disabled);
  }

  #letGo(entry: Entry): void {
    const { link } = entry;
    this.#leave(entry);
    entry.elsewhere = true;
    link?.takenOver();
  }

  #entry(deviceId: string): Entry {
    let entry = this.#entries.get(deviceId);
    if (entry === undefined) {
      entry = { presence: neverSeen(this.#deps.clock.now()) };
      this.#entries.set(deviceId, entry);
    }
    return entry;
  }

  /** The link is gone or replaced; its last signs of life are kept. */
  #leave(entry: Entry): void {
    this.#watches.end(entry);
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
      this.#watches.away(entry, Math.max(backoffMaxMs, leftMs) + heartbeatMs + graceMs, () =>
        this.#apply(deviceId, { kind: 'not-seen-since-restart' }),
      );
    } else if (state === 'sleeping') {
      // A device that woke while the hub was away gets the same time to reconnect as any other.
      this.#watches.away(entry, (leftMs > 0 ? leftMs : backoffMaxMs + heartbeatMs) + graceMs, () =>
        this.#apply(deviceId, { kind: 'silent', linkAlive: false }),
      );
    }
  }

  #watchLink(deviceId: string, entry: Entry, link: WatchedLink, timing: LinkTiming): Watch {
    return this.#watches.link(entry, link, timing, {
      late: () => {
        this.#apply(deviceId, { kind: 'late' });
      },
      silent: (linkAlive) => {
        this.#apply(deviceId, { kind: 'silent', linkAlive });
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
    this.#saver.save({ deviceId, ...presence, timing, session: sessionOf(entry) });
  }
}

function entryOf({ deviceId: _deviceId, timing, session, ...presence }: PresenceRow): Entry {
  return { presence, timing, session };
}

/** The last signs of life: of the open link, or before it. */
function marksOf({ presence, link }: Entry): Marks {
  return link === undefined ? presence.marks : { ...presence.marks, ...link.marks() };
}

/** The latest session, with the clock of the open link. */
function sessionOf({ session, link }: Entry): LastSession | undefined {
  return session === undefined || link === undefined ? session : updatedSession(session, link);
}
