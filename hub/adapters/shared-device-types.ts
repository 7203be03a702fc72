import { isDeepStrictEqual } from 'node:util';
import {
  catalogOf,
  changeFaults,
  compileDeviceType,
  type DeviceType,
  type DeviceTypeCatalog,
} from '../../schemas/index.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { DeviceTypeStore } from '../registry/device-type-store.ts';
import { demandType, judged, readDeviceTypes, type WatchedDeviceTypes } from './device-types.ts';

/** Others that are published at the same moment, before it is given up. */
const maxAttempts = 5;

/**
 * The device types of several hubs. Those of this hub's folder that the others do not have yet are added at the start; of one that
 * both have, the definition of the others counts.
 * @throws HubError `schema-invalid` for the folder, as `openDeviceTypes` · `database-failed`
 */
export async function openSharedDeviceTypes(
  store: DeviceTypeStore,
  dir: string,
  log: Log,
): Promise<SharedDeviceTypes> {
  const types = new SharedDeviceTypes(store, log);
  await types.join((await readDeviceTypes(dir)).all());
  return types;
}

class SharedDeviceTypes implements WatchedDeviceTypes {
  readonly readOnly = undefined;
  fault: string | undefined;
  readonly #store: DeviceTypeStore;
  readonly #log: Log;
  readonly #followers: (() => void)[] = [];
  #current: DeviceTypeCatalog = catalogOf([], ({ id }) => id);
  /** Of what `#current` is. */
  #rev = 0;
  /** Of what was read last, whether it was taken or not. */
  #seenRev = -1;
  /** One after the other, so that an older answer never replaces a newer one. */
  #reading: Promise<void> = Promise.resolve();
  #refreshing = false;

  constructor(store: DeviceTypeStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  get(id: string): DeviceType | undefined {
    return this.#current.get(id);
  }

  all(): readonly DeviceType[] {
    return this.#current.all();
  }

  judge(definition: unknown): ReturnType<WatchedDeviceTypes['judge']> {
    return judged(definition, this.#current);
  }

  follow(changed: () => void): void {
    this.#followers.push(changed);
  }

  close(): void {
    this.#followers.length = 0;
  }

  /** Adds those of this hub that the others do not have. @throws HubError `database-failed` */
  async join(own: readonly DeviceType[]): Promise<void> {
    await this.#read();
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const missing = own.filter(({ id }) => this.get(id) === undefined);
      const fit = missing.filter((type) => changeFaults(type, this.#current).length === 0);
      if (fit.length === 0) break;
      const added = fit.map(({ id, definition }) => ({ id, definition }));
      await this.#store.put(this.#rev, added);
      await this.#read();
    }
    const types = own.filter(({ id, definition }) => this.#differs(id, definition)).map(({ id }) => id);
    if (types.length === 0) return;
    const note =
      'device types of the folder are not those of the cluster, which count; publish them to change those';
    this.#log.warn({ types }, note);
  }

  async publish(definition: unknown): Promise<DeviceType> {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const type = demandType(definition, this.#current);
      const { id } = type;
      const before = this.get(id)?.definition;
      const isKept = await this.#store.put(this.#rev, [{ id, definition }]);
      await this.#read();
      const now = this.get(id);
      if (now !== undefined && (isKept || !this.#differs(id, type.definition))) return now;
      // Whoever published the other one must not lose it unseen.
      if (this.#differs(id, before)) throw new HubError('type-changed', id, { details: { id } });
    }
    throw new HubError('type-changed', 'other device types are published all the time');
  }

  /** Reads what other hubs have published; what cannot be read now is read the next time. To be called about once a second. */
  async refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      if ((await this.#store.rev()) !== this.#seenRev) await this.#read();
    } catch (error) {
      this.#log.debug({ reason: messageOf(error) }, 'device types of other hubs cannot be read now');
    } finally {
      this.#refreshing = false;
    }
  }

  #read(): Promise<void> {
    const turn = this.#reading.then(() => this.#readNow());
    this.#reading = turn.catch(() => undefined);
    return turn;
  }

  async #readNow(): Promise<void> {
    const { rev, types } = await this.#store.load();
    this.#seenRev = rev;
    try {
      const all = types.map(({ id, definition }) => compileDeviceType(definition, id));
      this.#current = catalogOf(all, ({ id }) => id);
    } catch (error) {
      // A newer hub beside this one may have published it.
      const reason = messageOf(error);
      this.fault = `device types of the other hubs not taken, the old ones stay: ${reason}`;
      this.#log.error({ reason }, 'device types of the other hubs not taken, the old ones stay');
      return;
    }
    this.fault = undefined;
    this.#rev = rev;
    this.#log.info({ types: this.all().map(({ id }) => id), rev }, 'device types read');
    for (const changed of this.#followers) changed();
  }

  #differs(id: string, definition: unknown): boolean {
    return !isDeepStrictEqual(plain(this.get(id)?.definition), plain(definition));
  }
}

/** As it is read again. */
function plain(definition: unknown): unknown {
  return definition === undefined ? undefined : JSON.parse(JSON.stringify(definition));
}
