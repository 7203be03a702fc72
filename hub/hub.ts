import { fileURLToPath } from 'node:url';
import { topicsOf } from './bus/topics.ts';
import type { RunningHub } from './kernel/running-hub.ts';
import type { Config } from './config/config.ts';
import { MissingTypes } from './registry/missing-types.ts';
import { Registry } from './registry/registry.ts';
import { listenForOperators } from './wiring/operators/admin-listener-wiring.ts';
import { createAdmin } from './wiring/operators/admin-wiring.ts';
import { startAlarms } from './wiring/alarms/alarms-wiring.ts';
import { connectBus, createBus } from './wiring/bus/bus-wiring.ts';
import { createCluster, createMail } from './wiring/cluster/cluster-wiring.ts';
import { startCommands } from './wiring/commands/commands-wiring.ts';
import { newContext, type HubContext, type HubDeps } from './wiring/context.ts';
import { listenForDevices } from './wiring/devices/devices-wiring.ts';
import { drainHub } from './wiring/devices/drain-wiring.ts';
import { startIdentity } from './wiring/devices/identity-wiring.ts';
import { startFirmware } from './wiring/firmware/firmware-wiring.ts';
import { createHomeAssistant } from './wiring/bus/home-assistant-wiring.ts';
import { createIncidents } from './wiring/incidents-wiring.ts';
import { startJobs } from './wiring/jobs-wiring.ts';
import { createNotices } from './wiring/notices-wiring.ts';
import { startOperators } from './wiring/operators/operators-wiring.ts';
import { createPeers } from './wiring/cluster/peers-wiring.ts';
import { createPresenceRecords } from './wiring/presence-records-wiring.ts';
import { createPresence } from './wiring/presence-wiring.ts';
import { startSchedules } from './wiring/commands/schedules-wiring.ts';
import { startSelfMonitoring, watchDescriptors } from './wiring/self-monitoring-wiring.ts';
import { createSessions, startAdmitting } from './wiring/devices/sessions-wiring.ts';
import { openState } from './wiring/state-wiring.ts';
import { startTelemetry } from './wiring/telemetry-wiring.ts';
import { startTwins } from './wiring/twins-wiring.ts';

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
  const { shared } = state;
  const { devices: store } = state.stores;
  const registry = new Registry({ store, clock: hub.clock, news: shared?.stores.news });
  await registry.load();
  registry.expose(hub.metrics, () => state.leader.leads);
  const missingTypes = new MissingTypes({ registry, catalog: state.catalog, log: hub.log });
  missingTypes.check();
  const topics = topicsOf(hub.config.mqtt.root);
  const bus = createBus(hub, state, topics);
  const mail = shared && createMail(hub, shared, { bus, topics });

  // Readings: frame → ingest → writer → store, or spool.
  const telemetry = await startTelemetry(hub, { state, registry, bus, topics });

  // Who is there.
  const admission = startAdmitting(hub, telemetry);
  const presence = createPresence(hub, { state, registry, bus, topics, admission });
  const sessions = createSessions(hub, { state, registry, telemetry, admission, presence });
  const incidents = createIncidents(hub, { state, sessions, presence, bus, topics });
  const presenceRecords = createPresenceRecords(hub, { state, registry, telemetry, presence, incidents });
  const { presenceRecorder, firmwareRecorder } = presenceRecords;
  // The store hears of a loss after the incident that it is part of.
  presence.followers.follow(incidents.watch, presenceRecorder);
  await presence.load();
  await incidents.resume();

  // What is asked of devices.
  const base = { state, registry, sessions };
  const peers = shared && createPeers(hub, shared, { presence });
  const { notices, spreads } = createNotices(hub, { ...base, peers });
  const twins = await startTwins(hub, { ...base, bus, topics, telemetry, presence, peers });
  const firmware = await startFirmware(hub, { ...base, bus, topics, telemetry, presence });
  const commands = await startCommands(hub, { ...base, bus, topics, telemetry, presence, mail });
  const watched = { ...base, bus, topics, telemetry, presence, incidents, twins, commands };
  const alarms = await startAlarms(hub, { ...watched, mail });
  const cluster = shared && mail && createCluster(hub, shared, mail, { ...watched, alarms });
  const homeAssistant = createHomeAssistant(hub, { ...watched, firmware });
  const schedules = await startSchedules(hub, { ...base, telemetry, commands, notices, incidents });

  // Who may come in, and what operators see.
  const identity = await startIdentity(hub, base);
  const operators = await startOperators(hub, { ...base, identity, bus });
  const admin = createAdmin(hub, { ...watched, missingTypes, notices });
  await admin.load();
  const served = {
    twins,
    firmware,
    alarms,
    commands,
    cluster,
    peers,
    homeAssistant,
    schedules,
    notices,
    spreads,
    identity,
    operators,
    admin,
  };
  const watching = { admission, presence, presenceRecorder, firmwareRecorder, incidents };
  return { ...base, missingTypes, bus, topics, telemetry, ...watching, ...served };
}

type HubParts = Awaited<ReturnType<typeof startParts>>;

/**
 * Who is notified of what, in this order. Those who follow within one `wiring/` file are not listed here, nor those above who
 * follow from the start because they must miss nothing.
 */
function follow(parts: HubParts): void {
  const { state, registry, missingTypes, telemetry, sessions, presence, incidents, admin } = parts;
  const { twins, firmware, alarms, commands, cluster } = parts;
  // Sessions come first, so that a removed device sends nothing more. Removals come last, because they record that
  // everything else is done.
  registry.follow(
    sessions,
    presence.keeper,
    parts.presenceRecorder,
    incidents.keeper,
    incidents.clones,
    presence.events,
    admin.consoleReadings,
    admin.refusals,
    admin.feed,
    parts.spreads,
    telemetry.twinRecorder,
    telemetry.alarmRecorder,
    twins.keeper,
    firmware.rollouts,
    alarms.keeper,
    commands.dispatcher,
    presence.removals,
    ...(cluster === undefined ? [] : [cluster.moves]),
  );
  telemetry.readingFollowers.follow(admin.consoleReadings);
  presence.followers.follow(admin.feed);
  incidents.followers.follow(admin.feed);
  alarms.followers.follow(admin.feed);
  commands.follow(admin.liveCommands);
  twins.follow(admin.feed);
  state.catalog.follow(() => sessions.typesChanged());
  state.catalog.follow(() => twins.keeper.typesChanged());
  state.catalog.follow(() => missingTypes.check());
  state.catalog.follow(() => admin.feed.typesChanged());
}

/** Opens the ways in, last: the bus, then devices, then operators. */
async function openListeners(hub: HubContext, parts: HubParts): Promise<RunningHub> {
  const { bus, notices, operators } = parts;
  follow(parts);
  await connectBus(hub, parts);
  await parts.cluster?.adopt();
  const { listener, certificate } = await listenForDevices(hub, parts);
  // A notice that was due while no hub ran is sent now, so devices must be able to connect.
  await parts.state.leader.begin('notices', () => notices.load());
  startJobs(hub, { ...parts, listener });
  const monitoring = startSelfMonitoring(hub, { ...parts, certificate });
  const descriptors = watchDescriptors(hub);

  const stop = new AbortController();
  const served = { listener, consoleDir, descriptors, stopping: stop.signal };
  const adminUrl = await listenForOperators(hub, { ...parts, ...served });

  return {
    deviceUrl: listener.url,
    adminUrl,
    brokerUrl: bus.url,
    firstLogin: operators.firstLogin,
    failed: hub.failed,
    close() {
      stop.abort();
      return drainHub(hub, { ...parts, listener, monitoring, shared: parts.state.shared });
    },
  };
}
