import type { ClusterStatus } from '../../schemas/api/hub.ts';
import type { AdoptionStore } from './adoption.ts';
import { isSame, startName, type HubStart } from './hub-start.ts';
import type { Leases } from './leases.ts';
import type { Tenure } from './tenure.ts';

export interface ClusterMembers {
  me: HubStart;
  tenure: Pick<Tenure, 'hubs'>;
  leases: Pick<Leases, 'known'>;
  stores: { adoption: Pick<AdoptionStore, 'shares'> };
}

/**
 * Which hubs there are, as of this hub's last beat, and what each does.
 * @param parts not given: there is no other hub
 * @throws HubError `database-failed`
 */
export async function clusterStatus(parts: ClusterMembers | undefined): Promise<ClusterStatus> {
  if (parts === undefined) return { shared: false, hubs: [] };
  const { me, tenure, leases, stores } = parts;
  const shares = new Map((await stores.adoption.shares()).map((hub) => [startName(hub), hub.devices]));
  const held = (hub: HubStart): string[] =>
    leases.known.flatMap(({ name, holder }) => (holder !== undefined && isSame(holder, hub) ? [name] : []));
  return {
    shared: true,
    hubs: tenure.hubs.map((hub) => ({
      id: hub.id,
      start: hub.incarnation,
      state: hub.state,
      version: hub.version,
      ...(isSame(hub, me) ? { here: true as const } : {}),
      leases: held(hub),
      devices: shares.get(startName(hub)) ?? 0,
    })),
  };
}
