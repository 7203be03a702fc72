import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { DeviceFollower } from './device-follower.ts';

/** A device that was removed, and of which something is still to be ended. */
export interface Removal {
  deviceId: string;
  /** Its commands have their final status; one that comes after belongs to a new device of the same name. */
  commandsEnded: boolean;
}

/** What is to be ended of removed devices; the entry is made with the removal itself (`DeviceStore.remove`). */
export interface RemovalStore {
  /** @throws HubError `database-failed`, as the others */
  load(): Promise<Removal[]>;
  commandsEnded(deviceIds: readonly string[]): Promise<void>;
  /** Nothing is left of it, on the bus neither. */
  settled(deviceId: string): Promise<void>;
}

/** Who holds the device's commands. */
export interface CommandEnder {
  /** Gives every command of the device its final status; resolves when that is on disk. */
  deviceRemoved(deviceId: string): Promise<void>;
}

export interface RemovalsDeps {
  store: RemovalStore;
  log: Log;
  /** Clears its retained presence; `told` is called when the broker has that, or a newer state. */
  clearPresence: (deviceId: string, told: () => void) => void;
}

/**
 * Removal in steps that survive the hub: the entry on disk comes with the removal, and goes when the device's
 * commands have ended and the broker has forgotten its presence. What a dying hub left, and what was removed while
 * no hub ran, is done at the next start.
 */
export class Removals implements DeviceFollower {
  readonly #deps: RemovalsDeps;
  #left: string[] = [];

  constructor(deps: RemovalsDeps) {
    this.#deps = deps;
  }

  /** At a start, before presence is loaded, so that devices registered again come after. @throws HubError `database-failed` */
  async load(): Promise<void> {
    const removals = await this.#deps.store.load();
    for (const { deviceId } of removals) this.#clearPresence(deviceId);
    this.#left = removals.filter(({ commandsEnded }) => !commandsEnded).map(({ deviceId }) => deviceId);
  }

  /**
   * At a start, before any door is open: ends the commands that were left, also those of a device that was
   * registered again meanwhile. @throws HubError `database-failed`
   */
  async resume(commands: CommandEnder): Promise<void> {
    const left = this.#left.splice(0);
    for (const deviceId of left) await commands.deviceRemoved(deviceId);
    if (left.length > 0) await this.#deps.store.commandsEnded(left);
  }

  /** Follows whoever ends the device's commands. @throws HubError `database-failed` */
  async removed(deviceId: string): Promise<void> {
    await this.#deps.store.commandsEnded([deviceId]);
    this.#clearPresence(deviceId);
  }

  /** The last step; the broker may be away for long, so nobody waits for it. */
  #clearPresence(deviceId: string): void {
    const { store, log, clearPresence } = this.#deps;
    clearPresence(deviceId, () => {
      store.settled(deviceId).catch((error: unknown) =>
        // It is done again at the next start, which is harmless.
        log.warn({ device: deviceId, reason: messageOf(error) }, 'removal not settled'),
      );
    });
  }
}
