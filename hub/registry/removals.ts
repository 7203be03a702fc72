import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { DeviceFollower } from './device-follower.ts';

/** A removed device of which something is still left. */
export interface Removal {
  deviceId: string;
  /** Its commands have their final status. A later command belongs to a new device of the same name. */
  commandsEnded: boolean;
}

/** The removals in progress. The entry is written with the removal itself (`DeviceStore.remove`). */
export interface RemovalStore {
  /** @throws HubError `database-failed`, as the others */
  load(): Promise<Removal[]>;
  commandsEnded(deviceIds: readonly string[]): Promise<void>;
  /** Nothing is left of the device, including on the bus. */
  settled(deviceId: string): Promise<void>;
}

/** The owner of the device's commands. */
export interface CommandEnder {
  /** Gives every command of the device its final status; resolves when that is on disk. */
  removed(deviceId: string): Promise<void>;
}

export interface RemovalsDeps {
  store: RemovalStore;
  log: Log;
  /** Clears its retained presence. `cleared` is called when the broker has that, or a newer state. */
  clearPresence: (deviceId: string, cleared: () => void) => void;
}

/**
 * Removal in steps that survive a crash. The entry on disk is written with the removal. It is deleted when the device's
 * commands have ended and the broker has forgotten its presence. The next start finishes what a crashed hub left, and
 * what was removed while no hub ran.
 */
export class Removals implements DeviceFollower {
  readonly #deps: RemovalsDeps;
  #left: string[] = [];

  constructor(deps: RemovalsDeps) {
    this.#deps = deps;
  }

  /** To be called at a start, before presence is loaded, so that devices registered again come later. @throws HubError `database-failed` */
  async load(): Promise<void> {
    const removals = await this.#deps.store.load();
    for (const { deviceId } of removals) this.#clearPresence(deviceId);
    this.#left = removals.filter(({ commandsEnded }) => !commandsEnded).map(({ deviceId }) => deviceId);
  }

  /**
   * To be called at a start, before any listener opens: ends the commands that were left, including those of a device
   * that has been registered again. @throws HubError `database-failed`
   */
  async resume(commands: CommandEnder): Promise<void> {
    const left = this.#left.splice(0);
    for (const deviceId of left) await commands.removed(deviceId);
    if (left.length > 0) await this.#deps.store.commandsEnded(left);
  }

  /** Follows whoever ends the device's commands. @throws HubError `database-failed` */
  async removed(deviceId: string): Promise<void> {
    await this.#deps.store.commandsEnded([deviceId]);
    this.#clearPresence(deviceId);
  }

  /** The last step. Nobody waits for it, because the broker may be away for a long time. */
  #clearPresence(deviceId: string): void {
    const { store, log, clearPresence } = this.#deps;
    clearPresence(deviceId, () => {
      store.settled(deviceId).catch((error: unknown) =>
        // The next start does it again, which is harmless.
        log.warn({ device: deviceId, reason: messageOf(error) }, 'removal not settled'),
      );
    });
  }
}
