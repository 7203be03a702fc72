import { join } from 'node:path';
import { openDeviceTypes, type WatchedDeviceTypes } from '../adapters/device-types.ts';
import { createAuditStore } from '../adapters/sqlite/sqlite-audit-store.ts';
import { createHubIdentityStore } from '../adapters/sqlite/sqlite-hub-identity-store.ts';
import { awaitDataDir } from '../adapters/sqlite/data-dir.ts';
import type { Database } from '../adapters/sqlite/sqlite.ts';
import { openStateDatabase } from '../adapters/sqlite/state-database.ts';
import { exposeAudit } from '../audit/audit-metrics.ts';
import { Audit } from '../audit/audit.ts';
import type { HubContext } from './context.ts';

export interface HubState {
  database: Database;
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
  const audit = new Audit({ store: createAuditStore(database), clock, log });
  releasers.push('audit', () => audit.close());
  exposeAudit(metrics, audit);
  const names = createHubIdentityStore(database);
  const hubIdentity = { hubId: await names.hubId(), incarnation: String(await names.nextIncarnation()) };
  const catalog = await openDeviceTypes(config.schemasDir, log);
  releasers.push('device types', () => catalog.close());
  return { database, hubIdentity, audit, catalog };
}
