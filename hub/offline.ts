import { join } from 'node:path';
import { loadDeviceTypes } from '../schemas/index.ts';
import { createDeviceStore } from './adapters/device-store.ts';
import { openSpoolDatabase } from './adapters/spool-database.ts';
import { lockDataDir } from './adapters/sqlite.ts';
import { openStateDatabase } from './adapters/state-database.ts';
import type { DeviceOperations } from './devices/admin-operations.ts';
import type { Config } from './config.ts';
import { createDeviceAdministration } from './devices/device-administration.ts';
import { Registry } from './devices/registry.ts';
import { spoolOptions } from './hub-store-road.ts';
import { Releasers } from './kernel/releasers.ts';
import { systemClock } from './kernel/time.ts';
import { Books } from './telemetry/books.ts';
import { Spool } from './telemetry/spool.ts';
import type { TelemetryOperations } from './telemetry/telemetry-operations.ts';
import { createTelemetryAdministration } from './telemetry/telemetry-administration.ts';

export type OfflineOperations = DeviceOperations & TelemetryOperations & { close(): Promise<void> };

/**
 * The operations on the files themselves, for when no hub runs; the folder is locked until `close`.
 * @throws HubError `data-dir-in-use` when a hub has the folder after all
 */
export async function openOfflineOperations(config: Config): Promise<OfflineOperations> {
  const releasers = new Releasers();
  const close = async (): Promise<void> => {
    await releasers.closeAll();
  };
  try {
    const lock = lockDataDir(config.dataDir);
    releasers.push('data folder', () => lock.release());
    const state = await openStateDatabase(join(config.dataDir, 'state.db'));
    releasers.push('state database', () => state.close());
    // The next hub ends what else there is of a removed device: the bus must hear of it too.
    const registry = new Registry({ store: createDeviceStore(state), clock: systemClock });
    await registry.load();
    const operations = createDeviceAdministration({
      registry,
      catalog: await loadDeviceTypes(config.schemasDir),
      clock: systemClock,
      presence: undefined,
    });
    const file = join(config.dataDir, 'spool.db');
    const spoolDatabase = await openSpoolDatabase({ file });
    releasers.push('spool', () => spoolDatabase.close());
    const books = new Books();
    const spool = new Spool({ store: spoolDatabase, books, clock: systemClock }, spoolOptions(config));
    await spool.load();
    return { ...operations, ...createTelemetryAdministration({ books, spool }), close };
  } catch (error) {
    await close();
    throw error;
  }
}
