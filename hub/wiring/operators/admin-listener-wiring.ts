import { join } from 'node:path';
import { startAdmin } from '../../adapters/http/admin-server.ts';
import { serveApi, type ApiOperations } from '../../adapters/http/routes/api-routes.ts';
import { exposeDrops, exposeRefusals } from '../../adapters/socket-metrics.ts';
import type { DeviceListener } from '../../adapters/websocket/device-listener.ts';
import { readiness } from '../../admin/readiness.ts';
import { clusterStatus } from '../../cluster/cluster-status.ts';
import type { DescriptorWatch } from '../../kernel/descriptor-watch.ts';
import type { MissingTypes } from '../../registry/missing-types.ts';
import type { NoticeSpreads } from '../../notices/notice-spreads.ts';
import type { Schedules } from '../../schedules/schedules.ts';
import type { AlarmParts } from '../alarms/alarms-wiring.ts';
import type { HubBus } from '../bus/bus-wiring.ts';
import type { ClusterParts } from '../cluster/cluster-wiring.ts';
import type { PeerParts } from '../cluster/peers-wiring.ts';
import type { CommandParts } from '../commands/commands-wiring.ts';
import type { HubContext } from '../context.ts';
import type { FirmwareParts } from '../firmware/firmware-wiring.ts';
import type { HubState } from '../state-wiring.ts';
import type { Telemetry } from '../telemetry-wiring.ts';
import type { TwinParts } from '../twins-wiring.ts';
import type { AdminParts } from './admin-wiring.ts';
import type { OperatorParts } from './operators-wiring.ts';

interface Deps {
  state: HubState;
  missingTypes: MissingTypes;
  telemetry: Telemetry;
  bus: HubBus;
  twins: TwinParts;
  firmware: FirmwareParts;
  alarms: AlarmParts;
  commands: CommandParts;
  schedules: Schedules;
  cluster: ClusterParts | undefined;
  peers: PeerParts | undefined;
  spreads: NoticeSpreads;
  operators: OperatorParts;
  admin: AdminParts;
  listener: DeviceListener;
  /** Where the built console is. */
  consoleDir: string;
  descriptors: DescriptorWatch;
  /** Aborted when the hub begins to stop. */
  stopping: AbortSignal;
}

/**
 * The operators' way in, and that of other hubs: console, API, health and metrics.
 * @returns the address @throws HubError `address-in-use` · `config-invalid`
 */
export async function listenForOperators(hub: HubContext, deps: Deps): Promise<string> {
  const { config, metrics, releasers } = hub;
  const { operators, peers, listener, consoleDir } = deps;
  const api = apiOf(hub, deps);
  const served = {
    access: operators.access,
    serveApi: (app: Parameters<typeof serveApi>[0]) => serveApi(app, api),
  };
  await peers?.open({ ...served, spreads: deps.spreads });
  const http = await startAdmin(
    {
      ...served,
      log: hub.log,
      deviceUrl: listener.url,
      elsewhere: peers?.elsewhere,
      consoleDir,
      readiness: () => readiness(readyParts(hub, deps)),
      metrics: () => metrics.page(),
    },
    {
      listen: config.adminListen,
      trustedProxies: config.trustedProxies,
      socketPath: join(config.dataDir, 'hub.sock'),
    },
  );
  releasers.push('admin', () => http.close());
  exposeDrops(metrics, http.drops, 'admin');
  exposeRefusals(metrics, http.refusals);
  return http.url;
}

function apiOf({ config }: HubContext, deps: Deps): ApiOperations {
  return {
    ...deps.operators.operations,
    ...deps.commands.operations,
    views: deps.admin.operations,
    cluster: () => clusterStatus(deps.state.shared),
    settings: config.settings,
    live: deps.admin.feed,
    watchElsewhere: deps.peers?.watch,
    schedules: deps.schedules,
    ...deps.twins.operations,
    ...deps.firmware.operations,
    ...deps.alarms.operations,
  };
}

function readyParts({ clock }: HubContext, deps: Deps): Parameters<typeof readiness>[0] {
  const { telemetry, state, bus, descriptors, missingTypes, cluster, stopping } = deps;
  return {
    ...telemetry,
    ...state,
    bus,
    descriptors,
    missingTypes,
    cluster,
    clock,
    stopping: stopping.aborted,
  };
}
