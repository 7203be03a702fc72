import type { Presence } from '../../schemas/api/presence.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { isClosed, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { PresenceFollower } from './presence-follower.ts';
import type { PresenceRow, PresenceStore } from './presence-store.ts';

export interface PresenceSaverDeps {
  clock: Clock;
  log: Log;
  store: PresenceStore;
  followers: readonly PresenceFollower[];
  /** Other hubs judge devices, too: nobody is notified of what may be theirs. */
  several?: boolean | undefined;
}

/** After a save that failed, while others may judge the same devices, ms. */
const saveAgainMs = 1_000;

/** Writes each change of presence to disk, and only then notifies the followers. */
export class PresenceSaver {
  readonly #deps: PresenceSaverDeps;
  readonly #notOurs: (deviceId: string, presence: Presence) => void;
  #unsaved: PresenceRow[] = [];
  #saving: Promise<void> | undefined;
  /** Changes whose save failed. They are reported all the same: hiding them would be wrong for longer. */
  failures = 0;
  /** Changes that were not saved because the device is not ours. Nobody is notified of them. */
  notOurs = 0;

  /** @param notOurs a change was not saved, because the device is another hub's or removed */
  constructor(deps: PresenceSaverDeps, notOurs: (deviceId: string, presence: Presence) => void) {
    this.#deps = deps;
    this.#notOurs = notOurs;
  }

  save(row: PresenceRow): void {
    this.#unsaved.push(row);
    this.#saving ??= this.#saveAll();
  }

  /** Resolves when every change so far is on disk and reported. */
  async settled(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
  }

  async #saveAll(): Promise<void> {
    while (this.#unsaved.length > 0) {
      const rows = this.#unsaved;
      this.#unsaved = [];
      let ours: ReadonlySet<string> | undefined;
      try {
        ours = await this.#deps.store.savePresence(rows);
      } catch (error) {
        this.failures += rows.length;
        this.#deps.log.error({ error: messageOf(error), changes: rows.length }, 'presence not saved');
        if (this.#deps.several === true) {
          // Of a hub that was declared dead nobody hears any more how its devices are: others say that by now.
          if (isClosed(error)) continue;
          this.#saveLater(rows);
          break;
        }
      }
      for (const { deviceId, timing: _timing, session: _session, ...presence } of rows) {
        if (ours?.has(deviceId) === false) {
          this.notOurs += 1;
          this.#notOurs(deviceId, presence);
        } else this.#notify(deviceId, presence);
      }
    }
    this.#saving = undefined;
  }

  /** Of each device the newest. */
  #saveLater(rows: readonly PresenceRow[]): void {
    const newest = new Map([...rows, ...this.#unsaved].map((row) => [row.deviceId, row]));
    this.#unsaved = [...newest.values()];
    this.#deps.clock.after(saveAgainMs, () => {
      if (this.#unsaved.length > 0) this.#saving ??= this.#saveAll();
    });
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
