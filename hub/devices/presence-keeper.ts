import type { Clock } from '../kernel/time.ts';
import type { Log } from '../kernel/log.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Liveness, Watch } from './liveness.ts';
import { neverSeen, presenceStates, stepPresence } from './presence.ts';
import type { Presence, PresenceEvent, PresenceState } from './presence.ts';

export interface PresenceRow extends Presence {
  deviceId: string;
}

export interface PresenceStore {
  loadPresence(): Promise<PresenceRow[]>;
  /** Resolves when the rows are on disk. */
  savePresence(rows: readonly PresenceRow[]): Promise<void>;
  removePresence(deviceId: string): Promise<void>;
}

/** Told of each change after `epoch` and `n` are on disk, in order. */
export type PresenceListener = (deviceId: string, presence: Presence) => void;

/** The session as presence sees it. */
export interface WatchedLink {
  /** Sends a WebSocket ping (RFC 6455 §5.5.2). */
  ping(): void;
  /** Liveness time of the last pong. */
  readonly pongAt: number;
  /** Neither frames nor pongs: close with 4408. */
  silent(): void;
}

export interface LinkTiming {
  heartbeatMs: number;
  graceMs: number;
}

interface Entry {
  presence: Presence;
  watch?: Watch | undefined;
  link?: WatchedLink | undefined;
}

export interface PresenceKeeperDeps {
  clock: Clock;
  log: Log;
  liveness: Liveness;
  store: PresenceStore;
  changed: PresenceListener;
}

/**
 * Keeps the presence of every device: turns sessions and silences into events of the pure machine, puts each
 * change on disk, and only then tells it.
 */
export class PresenceKeeper {
  readonly #deps: PresenceKeeperDeps;
  readonly #entries = new Map<string, Entry>();
  #unsaved: PresenceRow[] = [];
  #saving: Promise<void> | undefined;
  /** Changes whose save failed; they were told all the same, since hiding them would lie longer. */
  saveFailures = 0;

  constructor(deps: PresenceKeeperDeps) {
    this.#deps = deps;
  }

  /**
   * Reads the last known states. Devices that were connected when the hub went away get `graceMs` to come
   * back before they are called offline: the hub's own absence says nothing about them.
   * @returns devices that were removed while no hub ran; `removed` is due for each.
   */
  async load(graceMs: number, isRegistered: (deviceId: string) => boolean): Promise<string[]> {
    const orphans: string[] = [];
    for (const { deviceId, ...presence } of await this.#deps.store.loadPresence()) {
      if (!isRegistered(deviceId)) {
        orphans.push(deviceId);
        continue;
      }
      const entry: Entry = { presence };
      this.#entries.set(deviceId, entry);
      if (presence.state === 'online' || presence.state === 'suspect') {
        this.#watch(entry, graceMs, () => this.#apply(deviceId, { kind: 'not-seen-since-restart' }));
      } else if (presence.state === 'sleeping' && presence.untilMs !== undefined) {
        const leftMs = Math.max(0, presence.untilMs - this.#deps.clock.now()) + graceMs;
        this.#watch(entry, leftMs, () => this.#apply(deviceId, { kind: 'silent', linkAlive: false }));
      }
    }
    return orphans;
  }

  get(deviceId: string): Presence {
    return this.#entries.get(deviceId)?.presence ?? neverSeen(0);
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
    for (const [deviceId, { presence }] of this.#entries) yield [deviceId, presence];
  }

  /** A device was registered: it has a presence from now on. */
  registered(deviceId: string, epoch: number): void {
    const entry = this.#entry(deviceId);
    entry.presence = neverSeen(this.#deps.clock.now(), epoch);
    this.#keep(deviceId, entry.presence);
  }

  /** A session is open. @returns its watch: the session stores `liveness.now` in `heardAt` at each frame. */
  opened(
    deviceId: string,
    link: WatchedLink,
    options: LinkTiming & { epoch: number; replaced: boolean },
  ): Watch {
    const entry = this.#entry(deviceId);
    entry.link = link;
    this.#apply(deviceId, { kind: 'opened', epoch: options.epoch, replaced: options.replaced });
    return this.#watchLink(deviceId, entry, link, options);
  }

  /**
   * A frame came in a session whose watch had lapsed: the device was held offline and is not.
   * @returns the watch that holds from now on.
   */
  heardAgain(deviceId: string, link: WatchedLink, timing: LinkTiming): Watch {
    const entry = this.#entry(deviceId);
    this.#apply(deviceId, { kind: 'heard' });
    return this.#watchLink(deviceId, entry, link, timing);
  }

  /** The session's socket is gone without a goodbye: its deadline goes on. */
  closed(deviceId: string, link: WatchedLink): void {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined || entry.link !== link) return;
    entry.link = undefined;
    this.#apply(deviceId, { kind: 'closed' });
  }

  bye(deviceId: string, sleepSec: number | undefined, graceMs: number): void {
    const entry = this.#entry(deviceId);
    this.#unwatch(entry);
    entry.link = undefined;
    this.#apply(deviceId, sleepSec === undefined ? { kind: 'bye' } : { kind: 'bye', sleepSec });
    if (sleepSec === undefined) return;
    this.#watch(entry, sleepSec * 1000 + graceMs, () =>
      this.#apply(deviceId, { kind: 'silent', linkAlive: false }),
    );
  }

  async removed(deviceId: string): Promise<void> {
    const entry = this.#entries.get(deviceId);
    if (entry !== undefined) this.#unwatch(entry);
    this.#entries.delete(deviceId);
    await this.#saving;
    await this.#deps.store.removePresence(deviceId);
  }

  /** Resolves when every change so far is on disk and told. */
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

  #watch(entry: Entry, allowedMs: number, expired: () => void): void {
    this.#unwatch(entry);
    entry.watch = this.#deps.liveness.watch({ allowedMs, expired });
  }

  #unwatch(entry: Entry): void {
    if (entry.watch !== undefined) this.#deps.liveness.unwatch(entry.watch);
    entry.watch = undefined;
  }

  /**
   * Watches an open session. At heartbeat the silent link is pinged; at heartbeat + grace the device is
   * offline: `no-heartbeat` when its stack still answered, otherwise `link-lost` and the socket is closed.
   */
  #watchLink(deviceId: string, entry: Entry, link: WatchedLink, timing: LinkTiming): Watch {
    this.#unwatch(entry);
    let askedAt = 0;
    const watch = this.#deps.liveness.watch({
      quietMs: timing.heartbeatMs,
      quiet: () => {
        askedAt = this.#deps.liveness.now;
        entry.link?.ping();
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

  /** The application hangs and its stack answers: ping on, so that a link that dies later is found too. */
  #watchHungLink(entry: Entry, link: WatchedLink, timing: LinkTiming): void {
    const askedAt = this.#deps.liveness.now;
    link.ping();
    this.#watch(entry, timing.heartbeatMs + timing.graceMs, () => {
      if (entry.link === link && link.pongAt >= askedAt) this.#watchHungLink(entry, link, timing);
      else link.silent();
    });
  }

  #apply(deviceId: string, event: PresenceEvent): void {
    const entry = this.#entry(deviceId);
    const after = stepPresence(entry.presence, event, this.#deps.clock.now());
    if (after === undefined) return;
    entry.presence = after;
    this.#keep(deviceId, after);
  }

  #keep(deviceId: string, presence: Presence): void {
    this.#unsaved.push({ deviceId, ...presence });
    this.#saving ??= this.#save();
  }

  async #save(): Promise<void> {
    while (this.#unsaved.length > 0) {
      const rows = this.#unsaved;
      this.#unsaved = [];
      try {
        await this.#deps.store.savePresence(rows);
      } catch (error) {
        this.saveFailures += rows.length;
        this.#deps.log.error({ error: messageOf(error), changes: rows.length }, 'presence not saved');
      }
      for (const { deviceId, ...presence } of rows) this.#tell(deviceId, presence);
    }
    this.#saving = undefined;
  }

  /** A listener that throws must not end the keeping. */
  #tell(deviceId: string, presence: Presence): void {
    try {
      this.#deps.changed(deviceId, presence);
    } catch (error) {
      this.#deps.log.error({ device: deviceId, err: error }, 'presence not told');
    }
  }
}
