import { watch } from 'node:fs';
import { loadDeviceTypes } from '../../schemas/index.ts';
import type { DeviceTypeCatalog } from '../../schemas/index.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';

export interface WatchedDeviceTypes extends DeviceTypeCatalog {
  /** Why the latest change of the folder was not taken; undefined: it was. */
  readonly fault: string | undefined;
  /** @param changed is called after the types have changed */
  follow(changed: () => void): void;
  close(): void;
}

/** An editor writes a file in several steps; they are one change. */
const settleMs = 200;

/**
 * The device types of a folder, read again whenever it changes. A change that is not valid, or at odds with
 * what is stored already, is refused as a whole: the types stay as they were, and the log says why.
 * @throws HubError `schema-invalid` when they are not valid at the start, naming the file, the place and the rule
 */
export async function openDeviceTypes(dir: string, log: Log): Promise<WatchedDeviceTypes> {
  let current = await loadDeviceTypes(dir).catch((error: unknown): never => {
    throw new HubError('schema-invalid', messageOf(error), { cause: error, details: { dir } });
  });
  let fault: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const followers: (() => void)[] = [];
  const types: WatchedDeviceTypes = {
    get: (id) => current.get(id),
    all: () => current.all(),
    get fault() {
      return fault;
    },
    follow: (changed) => void followers.push(changed),
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
  const reload = async (): Promise<void> => {
    try {
      current = await loadDeviceTypes(dir, current);
      fault = undefined;
      log.info({ types: current.all().map(({ id }) => id) }, 'device types read again');
    } catch (error) {
      const reason = messageOf(error);
      fault = `device types not taken, the old ones stay: ${reason}`;
      log.error({ reason }, 'device types not taken, the old ones stay');
      return;
    }
    for (const changed of followers) changed();
  };
  const watcher = watch(dir, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      reload().catch((error: unknown) => log.error({ err: error }, 'a follower of the device types failed'));
    }, settleMs);
  });
  watcher.on('error', (error) => {
    fault = `device types are watched no more: ${error.message}; start the hub again`;
    log.error({ reason: error.message }, 'device types are watched no more');
  });
  return types;
}
