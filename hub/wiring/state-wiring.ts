import { openDeviceTypes, readOnlyBecause, type WatchedDeviceTypes } from '../adapters/device-types.ts';
import { openSharedDeviceTypes } from '../adapters/shared-device-types.ts';
import { awaitDataDir } from '../adapters/sqlite/data-dir.ts';
import { exposeAudit } from '../audit/audit-metrics.ts';
import { Audit } from '../audit/audit.ts';
import { ownSchemasDir } from '../config/named-files.ts';
import { leaderOf, type Leader } from '../cluster/leader.ts';
import type { Log } from '../kernel/log.ts';
import type { HubContext } from './context.ts';
import { openEmbeddedState } from './state/embedded-state.ts';
import { openSharedState, type OpenedState } from './state/shared-state.ts';
import { auditedWrites, type StateStores } from './state/state-stores.ts';

export interface HubState {
  stores: StateStores;
  /** The id of this hub, and the number of this start. */
  hubIdentity: { hubId: string; incarnation: string };
  /** Names this start among all that use the state. */
  startName: string;
  audit: Audit;
  catalog: WatchedDeviceTypes;
  /** Of a state that is elsewhere, and that other hubs may use, too; not given: it is in the data folder. */
  shared: OpenedState['shared'];
  /** Whether it is this hub that does what is done once for all hubs. */
  leader: Leader;
}

/**
 * The data folder, which is ours alone from here on, and what the hub knows: its state, the audit, the device types.
 * @throws HubError `data-dir-in-use` · `data-dir-invalid` · `database-failed` · `schema-invalid`
 */
export async function openState(hub: HubContext): Promise<HubState> {
  const { config, log, clock, metrics, releasers } = hub;
  const { dataDir, state } = config;
  const lock = await awaitDataDir(dataDir, clock, state === undefined ? 'here' : 'elsewhere');
  releasers.push('data folder', () => lock.release());
  const opened =
    state === undefined
      ? await openEmbeddedState({ ...hub, dataDir })
      : await openSharedState({ ...hub, ...state, dataDir });
  const { auditStore, hubIdentity, startName, shared } = opened;
  const audit = new Audit({ store: auditStore, clock, log });
  releasers.push('audit', () => audit.close());
  exposeAudit(metrics, audit);
  const stores = opened.storesOf(auditedWrites((event) => audit.entryOf(event)));
  const catalog = await openCatalog(config.schemasDir, log, shared);
  releasers.push('device types', () => catalog.close());
  return { stores, hubIdentity, startName, audit, catalog, shared, leader: leaderOf(shared?.leases, hub) };
}

/** The device types of a folder, or those that several hubs share. */
async function openCatalog(
  dir: string,
  log: Log,
  shared: OpenedState['shared'],
): Promise<WatchedDeviceTypes> {
  if (shared === undefined) return openDeviceTypes(dir, log, readOnlyBecause(dir, ownSchemasDir));
  const types = await openSharedDeviceTypes(shared.stores.types, dir, log);
  shared.tenure.follow({ beaten: () => void types.refresh() });
  return types;
}
