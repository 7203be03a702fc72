import { join } from 'node:path';
import { openDeviceTypes, type WatchedDeviceTypes } from '../adapters/device-types.ts';
import { awaitDataDir } from '../adapters/sqlite/data-dir.ts';
import { openStateDatabase } from '../adapters/sqlite/state-database.ts';
import { exposeAudit } from '../audit/audit-metrics.ts';
import { Audit } from '../audit/audit.ts';
import type { HubContext } from './context.ts';
import { firstSqliteStores, sqliteStores } from './state/sqlite-stores.ts';
import { auditedWrites, type StateStores } from './state/state-stores.ts';

export interface HubState {
  stores: StateStores;
  /** The id of this hub, and the number of this start. */
  hubIdentity: { hubId: string; incarnation: string };
  audit: Audit;
  catalog: WatchedDeviceTypes;
}

/**
 * The data folder, which is ours alone from here on, and what the hub knows: `state.db`, the audit, the device types.
 * @throws HubError `data-dir-in-use` · `database-failed` · `schema-invalid`
 */
export async function openState(hub: HubContext): Promise<HubState> {
  const { config, log, clock, metrics, releasers, onFailure } = hub;
  const lock = await awaitDataDir(config.dataDir, clock);
  releasers.push('data folder', () => lock.release());
  const database = await openStateDatabase(join(config.dataDir, 'state.db'), { onFailure, clock, log });
  releasers.push('state database', () => database.close());
  const { audit: auditStore, identity } = firstSqliteStores(database);
  const audit = new Audit({ store: auditStore, clock, log });
  releasers.push('audit', () => audit.close());
  exposeAudit(metrics, audit);
  const hubIdentity = {
    hubId: await identity.hubId(),
    incarnation: String(await identity.nextIncarnation()),
  };
  const catalog = await openDeviceTypes(config.schemasDir, log);
  releasers.push('device types', () => catalog.close());
  const stores = sqliteStores(
    database,
    auditedWrites((event) => audit.entryOf(event)),
  );
  return { stores, hubIdentity, audit, catalog };
}
