import { join } from 'node:path';
import { loadDeviceTypes } from '../schemas/index.ts';
import { createDeviceStore } from './adapters/device-store.ts';
import { lockDataDir } from './adapters/sqlite.ts';
import { openStateDatabase } from './adapters/state-database.ts';
import type { Config } from './config.ts';
import type { DeviceOperations } from './devices/admin-operations.ts';
import { createDeviceAdministration } from './devices/device-administration.ts';
import { Registry } from './devices/registry.ts';
import { Releasers } from './kernel/releasers.ts';
import { systemClock } from './kernel/time.ts';

/**
 * The device operations on the files themselves, for when no hub runs; the folder is locked until `close`.
 * @throws HubError `data-dir-in-use` when a hub has the folder after all
 */
export async function openOfflineOperations(
  config: Config,
): Promise<DeviceOperations & { close(): Promise<void> }> {
  const releasers = new Releasers();
  const close = async (): Promise<void> => {
    await releasers.closeAll();
  };
  try {
    const lock = lockDataDir(config.dataDir);
    releasers.push('data folder', () => lock.release());
    const state = await openStateDatabase(join(config.dataDir, 'state.db'));
    releasers.push('state database', () => state.close());
    const registry = new Registry({ store: createDeviceStore(state), clock: systemClock });
    await registry.load();
    const operations = createDeviceAdministration({
      registry,
      catalog: await loadDeviceTypes(config.schemasDir),
      clock: systemClock,
      presence: undefined,
      added: () => {},
      // What else is kept of it (presence, commands) is cleared by the next hub: the bus must hear of it too.
      removed: () => Promise.resolve(),
    });
    return { ...operations, close };
  } catch (error) {
    await close();
    throw error;
  }
}
