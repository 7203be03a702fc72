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
import type { DeviceTypeStore, StoredType } from '../registry/device-type-store.ts';
import { demandType, judged, readDeviceTypes, type WatchedDeviceTypes } from './device-types.ts';

export interface SharedDeviceTypes extends WatchedDeviceTypes {
  /** Reads what other hubs have published; what cannot be read now is read the next time. To be called about once a second. */
  refresh(): Promise<void>;
}

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
  const followers: (() => void)[] = [];
  let current: DeviceTypeCatalog = catalogOf([], ({ id }) => id);
  /** Of what `current` is. */
  let rev = 0;
  /** Of what was read last, whether it was taken or not. */
  let seenRev = -1;
  let fault: string | undefined;
  let reading: Promise<void> = Promise.resolve();
  let refreshing = false;

  const read = async (): Promise<void> => {
    const stored = await store.load();
    seenRev = stored.rev;
    try {
      current = catalogOf(stored.types.map(compiled), ({ id }) => id);
    } catch (error) {
      // A newer hub beside this one may have published it.
      const reason = messageOf(error);
      fault = `device types of the other hubs not taken, the old ones stay: ${reason}`;
      log.error({ reason }, 'device types of the other hubs not taken, the old ones stay');
      return;
    }
    fault = undefined;
    rev = stored.rev;
    log.info({ types: current.all().map(({ id }) => id), rev }, 'device types read');
    for (const changed of followers) changed();
  };
  /** One after the other, so that an older answer never replaces a newer one. */
  const readInTurn = (isDue: () => Promise<boolean>): Promise<void> => {
    const turn = reading.then(async () => {
      if (await isDue()) await read();
    });
    reading = turn.catch(() => undefined);
    return turn;
  };
  const always = (): Promise<boolean> => Promise.resolve(true);
  const differs = (id: string, definition: unknown): boolean =>
    !isDeepStrictEqual(plain(current.get(id)?.definition), plain(definition));

  const join = async (own: readonly DeviceType[]): Promise<void> => {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const missing = own.filter(({ id }) => current.get(id) === undefined);
      const fit = missing.filter((type) => changeFaults(type, current).length === 0);
      if (fit.length === 0) return;
      await store.put(
        rev,
        fit.map(({ id, definition }) => ({ id, definition })),
      );
      await readInTurn(always);
    }
  };

  await readInTurn(always);
  const own = (await readDeviceTypes(dir)).all();
  await join(own);
  const other = own.filter(({ id, definition }) => differs(id, definition)).map(({ id }) => id);
  if (other.length > 0)
    log.warn(
      { types: other, dir },
      'device types of the folder are not those of the cluster, which count; publish them to change those',
    );

  return {
    get: (id) => current.get(id),
    all: () => current.all(),
    get fault() {
      return fault;
    },
    readOnly: undefined,
    judge: (definition) => judged(definition, current),
    async publish(definition) {
      for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
        const type = demandType(definition, current);
        const { id } = type;
        const before = current.get(id)?.definition;
        const isKept = await store.put(rev, [{ id, definition }]);
        await readInTurn(always);
        const now = current.get(id);
        if (now !== undefined && (isKept || !differs(id, type.definition))) return now;
        // Whoever published the other one must not lose it unseen.
        if (differs(id, before))
          throw new HubError('type-changed', id, {
            details: { id },
          });
      }
      throw new HubError('type-changed', 'other device types are published all the time');
    },
    async refresh() {
      if (refreshing) return;
      refreshing = true;
      try {
        await readInTurn(async () => (await store.rev()) !== seenRev);
      } catch (error) {
        log.debug({ reason: messageOf(error) }, 'device types of other hubs cannot be read now');
      } finally {
        refreshing = false;
      }
    },
    follow: (changed) => void followers.push(changed),
    close() {
      followers.length = 0;
    },
  };
}

function compiled({ id, definition }: StoredType) {
  return compileDeviceType(definition, id);
}

/** As it is read again. */
function plain(definition: unknown): unknown {
  return definition === undefined ? undefined : JSON.parse(JSON.stringify(definition));
}
