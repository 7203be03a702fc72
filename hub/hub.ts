import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAdmin } from './adapters/http/admin-server.ts';
import { serveApi } from './adapters/http/routes/api-routes.ts';
import { exposeDrops, exposeRefusals } from './adapters/socket-metrics.ts';
import { readiness } from './admin/readiness.ts';
import { topicsOf } from './bus/topics.ts';
import type { Config } from './config/config.ts';
import { MissingTypes } from './registry/missing-types.ts';
import { Registry } from './registry/registry.ts';
import { createAdmin } from './wiring/admin-wiring.ts';
import { startAlarms } from './wiring/alarms-wiring.ts';
import { createBus } from './wiring/bus-wiring.ts';
import { startCommands } from './wiring/commands-wiring.ts';
import { newContext, type HubContext, type HubDeps } from './wiring/context.ts';
import { watchDescriptors } from './wiring/descriptors-wiring.ts';
import { listenForDevices } from './wiring/devices-wiring.ts';
import { drainHub } from './wiring/drain-wiring.ts';
import { startIdentity } from './wiring/identity-wiring.ts';
import { startFirmware } from './wiring/firmware-wiring.ts';
import { createIncidents } from './wiring/incidents-wiring.ts';
import { startJobs } from './wiring/jobs-wiring.ts';
import { createNotices } from './wiring/notices-wiring.ts';
import { startOperators } from './wiring/operators-wiring.ts';
import { createPresence } from './wiring/presence-wiring.ts';
import { startSchedules } from './wiring/schedules-wiring.ts';
import { startSelfMonitoring } from './wiring/self-monitoring-wiring.ts';
import { createSessions, startAdmitting } from './wiring/sessions-wiring.ts';
import { openState } from './wiring/state-wiring.ts';
import { startTelemetry } from './wiring/telemetry-wiring.ts';
import { startTwins } from './wiring/twins-wiring.ts';

export interface RunningHub {
  /** `wss://host:port/v1/device` */
  deviceUrl: string;
  adminUrl: string;
  /** Address of the embedded broker. */
  brokerUrl?: string | undefined;
  /** The one-time code that creates the first admin account, if there is no account yet. */
  firstLogin?: string | undefined;
  /** Drains and stops. `lost`: points received and not stored; `faults`: parts that failed to close. */
  close(): Promise<{ lost: number; faults: { name: string; error: unknown }[] }>;
  /** Resolves with the fault when a part dies that the hub cannot run without. */
  failed: Promise<Error>;
}

/** Where `npm run build:console` puts its files. */
const consoleDir = fileURLToPath(new URL('../dashboards/console/dist/', import.meta.url));

/**
 * Starts the whole hub, part by part. If a part fails, everything started before is closed again.
 * @throws HubError naming the part: `address-in-use`, `data-dir-in-use`, `schema-invalid`, `tls-invalid`, …
 */
export async function startHub(config: Config, deps: HubDeps): Promise<RunningHub> {
  const hub = newContext(config, deps);
  try {
    return await openListeners(hub, await startParts(hub));
  } catch (error) {
    await hub.releasers.closeAll();
    throw error;
  }
}

/** Every part of the hub, from what it knows to what operators see. Nobody is let in yet. */
async function startParts(hub: HubContext) {
  // What the hub knows. The bus is made early so that every part can publish, and connected last: until then an MQTT bus
  // queues, and the embedded broker refuses.
  const state = await openState(hub);
  const registry = new Registry({ store: state.stores.devices, clock: hub.clock });
  await registry.load();
  registry.expose(hub.metrics);
  const missingTypes = new MissingTypes({ registry, catalog: state.catalog, log: hub.log });
  missingTypes.check();
  const topics = topicsOf(hub.config.mqtt.root);
  const bus = createBus(hub, state.hubIdentity, topics);

  // Readings: frame → ingest → writer → store, or spool.
  const telemetry = await startTelemetry(hub, { state, registry, bus, topics });

  // Who is there.
  const admission = startAdmitting(hub, telemetry);
  const presence = createPresence(hub, { state, registry, bus, topics, admission });
  const sessions = createSessions(hub, { state, registry, telemetry, admission, presence });
  const incidents = createIncidents(hub, { state, sessions, presence, bus, topics });
  presence.followers.follow(telemetry.presenceRecorder, incidents.keeper);
  await presence.load();
  await incidents.resume();

  // What is asked of devices.
  const base = { state, registry, sessions };
  const notices = createNotices(hub, base);
  const twins = await startTwins(hub, { ...base, bus, topics, telemetry, presence });
  const firmware = await startFirmware(hub, { ...base, telemetry, presence });
  const commands = await startCommands(hub, { ...base, bus, topics, telemetry, presence });
  const watched = { ...base, bus, topics, telemetry, presence, incidents, twins, commands };
  const alarms = await startAlarms(hub, watched);
  const schedules = await startSchedules(hub, { ...base, telemetry, commands, notices, incidents });

  // Who may come in, and what operators see.
  const identity = await startIdentity(hub, base);
  const operators = await startOperators(hub, { ...base, identity, bus });
  const admin = createAdmin(hub, {
    ...base,
    missingTypes,
    bus,
    telemetry,
    presence,
    incidents,
    notices,
    twins,
    commands,
  });
  await admin.load();
  const served = { twins, firmware, alarms, commands, schedules, notices, identity, operators, admin };
  return { ...base, missingTypes, bus, telemetry, admission, presence, incidents, ...served };
}

type HubParts = Awaited<ReturnType<typeof startParts>>;

/**
 * Who is notified of what, in this order. Those who follow within one `wiring/` file are not listed here, nor those above who
 * follow from the start because they must miss nothing.
 */
function follow(parts: HubParts): void {
  const { state, registry, missingTypes, telemetry, sessions, presence, incidents, admin } = parts;
  const { twins, firmware, alarms, commands } = parts;
  // Sessions come first, so that a removed device sends nothing more. Removals come last, because they record that
  // everything else is done.
  registry.follow(
    sessions,
    presence.keeper,
    telemetry.presenceRecorder,
    incidents.keeper,
    incidents.clones,
    presence.events,
    admin.consoleReadings,
    admin.refusals,
    admin.feed,
    telemetry.twinRecorder,
    telemetry.alarmRecorder,
    twins.keeper,
    firmware.rollouts,
    alarms.keeper,
    commands.dispatcher,
    presence.removals,
  );
  telemetry.readingFollowers.follow(admin.consoleReadings);
  presence.followers.follow(admin.feed);
  incidents.followers.follow(admin.feed);
  alarms.followers.follow(admin.feed);
  commands.follow(admin.liveCommands);
  twins.follow(admin.feed);
  state.catalog.follow(() => sessions.typesChanged());
  state.catalog.follow(() => twins.keeper.typesChanged());
  state.catalog.follow(() => alarms.typesChanged());
  state.catalog.follow(() => missingTypes.check());
}

/** Opens the ways in, last: the bus, then devices, then operators. */
async function openListeners(hub: HubContext, parts: HubParts): Promise<RunningHub> {
  const { state, missingTypes, bus, telemetry, notices, operators } = parts;
  follow(parts);
  await connectBus(hub, parts);
  const listener = await listenForDevices(hub, parts);
  // A notice that was due while no hub ran is sent now, so devices must be able to connect.
  await notices.load();
  startJobs(hub, { ...parts, listener });
  const monitoring = startSelfMonitoring(hub, parts);
  const descriptors = watchDescriptors(hub);

  const stop = new AbortController();
  const http = await startAdmin(
    {
      log: hub.log,
      deviceUrl: listener.url,
      serveApi: (app) =>
        serveApi(app, {
          ...operators.operations,
          ...parts.commands.operations,
          views: parts.admin.operations,
          live: parts.admin.feed,
          schedules: parts.schedules,
          ...parts.twins.operations,
          ...parts.firmware.operations,
          ...parts.alarms.operations,
        }),
      access: operators.access,
      consoleDir,
      readiness: () =>
        readiness({
          ...telemetry,
          ...state,
          bus,
          descriptors,
          missingTypes,
          clock: hub.clock,
          stopping: stop.signal.aborted,
        }),
      metrics: () => hub.metrics.page(),
    },
    {
      listen: hub.config.adminListen,
      trustedProxies: hub.config.trustedProxies,
      socketPath: join(hub.config.dataDir, 'hub.sock'),
    },
  );
  hub.releasers.push('admin', () => http.close());
  exposeDrops(hub.metrics, http.drops, 'admin');
  exposeRefusals(hub.metrics, http.refusals);

  return {
    deviceUrl: listener.url,
    adminUrl: http.url,
    brokerUrl: bus.url,
    firstLogin: operators.firstLogin,
    failed: hub.failed,
    close() {
      stop.abort();
      return drainHub(hub, { ...parts, listener, monitoring });
    },
  };
}

async function connectBus(
  hub: HubContext,
  { bus, presence, incidents, twins, alarms, commands, operators }: HubParts,
): Promise<void> {
  hub.releasers.push('bus', () => bus.close());
  await bus.connect(
    {
      message: (message) => twins.message(message) ?? commands.message(message),
      /** For the first time or again: the broker may have lost its retained messages. */
      connected() {
        presence.announcer.repeat(presence.keeper.all());
        twins.busConnected();
        commands.busConnected();
        alarms.busConnected();
      },
      disconnected: (reason) => hub.log.warn({ reason }, 'broker lost'),
      otherHub: (hubId, isOnline) => incidents.keeper.topicsShared(hubId, isOnline),
    },
    operators.broker,
  );
}
