import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createAuditStore } from './adapters/sqlite/sqlite-audit-store.ts';
import { createRemovalStore } from './adapters/sqlite/sqlite-removal-store.ts';
import { createDeviceStore } from './adapters/sqlite/sqlite-device-store.ts';
import { openDeviceTypes } from './adapters/device-types.ts';
import { createHubIdentityStore } from './adapters/sqlite/sqlite-hub-identity-store.ts';
import { createNoticeStore } from './adapters/sqlite/sqlite-notice-store.ts';
import { startAdmin } from './adapters/http/admin-server.ts';
import { createPresenceStore } from './adapters/sqlite/sqlite-presence-store.ts';
import { awaitDataDir } from './adapters/sqlite/sqlite.ts';
import { openStateDatabase } from './adapters/sqlite/state-database.ts';
import { Audit } from './audit/audit.ts';
import { topicsOf } from './bus/topics.ts';
import type { Config } from './config/config.ts';
import { AckSchedule } from './sessions/ack-schedule.ts';
import { Admission } from './sessions/admission.ts';
import { Removals } from './registry/removals.ts';
import { createWhy } from './admin/device-why.ts';
import { Authenticator } from './identity/authenticator.ts';
import { drainSessions } from './sessions/session-drain.ts';
import { timingOf } from './sessions/hello.ts';
import { Liveness } from './presence/liveness.ts';
import { Notices } from './notices/notices.ts';
import { PresenceAnnouncer } from './presence/presence-announcer.ts';
import { PresenceKeeper } from './presence/presence-keeper.ts';
import { Registry } from './registry/registry.ts';
import { LiveCommands } from './admin/live-commands.ts';
import { exposeBus } from './bus/bus-metrics.ts';
import { startCommands } from './wiring/commands-wiring.ts';
import { startSchedules } from './wiring/schedules-wiring.ts';
import { openConsole } from './wiring/console-wiring.ts';
import { Rotation } from './identity/rotation.ts';
import { newSessionCounters } from './sessions/session-counters.ts';
import { Session } from './sessions/session.ts';
import { Sessions } from './sessions/sessions.ts';
import { Stories } from './presence/device-events.ts';
import { exposeMetrics } from './wiring/metrics-wiring.ts';
import { exposeSecurity } from './wiring/security-metrics-wiring.ts';
import { listenForDevices } from './wiring/devices-wiring.ts';
import { startJobs } from './wiring/jobs-wiring.ts';
import { createBus } from './wiring/bus-wiring.ts';
import { openSecurity } from './wiring/security-wiring.ts';
import { readiness } from './wiring/readiness.ts';
import { startSelfMonitoring } from './wiring/self-monitoring-wiring.ts';
import { startTelemetry } from './wiring/telemetry-wiring.ts';
import { createTroubles } from './wiring/incidents-wiring.ts';
import { eventLoopShare } from './kernel/event-loop.ts';
import type { Log } from './kernel/log.ts';
import { Metrics } from './kernel/metrics.ts';
import { Releasers } from './kernel/releasers.ts';
import { systemClock } from './kernel/time.ts';
import type { Clock } from './kernel/time.ts';
import { createTelemetryAdministration } from './telemetry/telemetry-administration.ts';

export interface RunningHub {
  /** `wss://host:port/v1/device` */
  deviceUrl: string;
  adminUrl: string;
  /** Of the embedded broker. */
  brokerUrl?: string;
  /** The code that makes the first admin, once; given while there is no account. */
  firstLogin?: string;
  /** Drains and stops. `lost`: points taken and not stored; `faults`: parts that did not close well. */
  close(): Promise<{ lost: number; faults: { name: string; error: unknown }[] }>;
  /** Resolves with the fault when a part dies that the hub cannot live without. */
  failed: Promise<Error>;
}

export interface HubDeps {
  log: Log;
  clock?: Clock;
  /** Uniform in [0, 1). */
  random?: () => number;
}

/** What one device may send a second on average, besides its messages. */
const bytesPerSec = 1_000_000;
const samplesPerSec = 10_000;
/** How long a stop waits for sessions to settle what they sent, and then for the store to take what is under way, ms. */
const settleMs = 2_500;
const drainMs = 5_000;
/** A draining hub asks its devices back at this share of what it would accept: those that come by themselves fit in. */
const slotShare = 0.5;
/** For a device whose type is no longer there. */
const lostTypeTiming = { heartbeatMs: 60_000, graceMs: 30_000 };

/**
 * Starts the whole hub, part by part; whatever fails on the way, what was started is closed again.
 * @throws HubError naming the part: `address-in-use`, `data-dir-in-use`, `schema-invalid`, `tls-invalid`, …
 */
export async function startHub(config: Config, deps: HubDeps): Promise<RunningHub> {
  const releasers = new Releasers();
  try {
    return await startParts(config, deps, releasers);
  } catch (error) {
    await releasers.closeAll();
    throw error;
  }
}

async function startParts(config: Config, deps: HubDeps, releasers: Releasers): Promise<RunningHub> {
  const { log, clock = systemClock, random = Math.random } = deps;
  const { backoffMaxMs, acceptPerSec } = config;
  const failure = Promise.withResolvers<Error>();
  const onFailure = (error: Error): void => failure.resolve(error);

  // State: the data folder is ours alone, and what it knows is loaded.
  const lock = await awaitDataDir(config.dataDir, clock);
  releasers.push('data folder', () => lock.release());
  const state = await openStateDatabase(join(config.dataDir, 'state.db'), { onFailure });
  releasers.push('state database', () => state.close());
  const audit = new Audit({ store: createAuditStore(state), clock, log });
  releasers.push('audit', () => audit.close());
  const identity = createHubIdentityStore(state);
  const hub = { hubId: await identity.hubId(), incarnation: String(await identity.nextIncarnation()) };
  const catalog = await openDeviceTypes(config.schemasDir, log);
  releasers.push('device types', () => catalog.close());
  const registry = new Registry({ store: createDeviceStore(state), clock });
  await registry.load();
  const sessions = new Sessions({ registry, catalog, clock });
  const rotation = new Rotation({ registry, sessions, clock, log, audit });
  const authenticator = new Authenticator({ registry, rotation, sessions, clock, audit });

  // The bus is connected last, since commands come in by it.
  const topics = topicsOf(config.mqtt.root);
  const bus = createBus(config, { log, random, clock, hub, topics });

  const telemetry = await startTelemetry(
    { config, log, clock, random, releasers, onFailure },
    { state, catalog, registry, bus, topics },
  );
  const { store, link, spool, ledger, writer, shedding, hubClock } = telemetry;
  const counters = newSessionCounters();
  const pages = openConsole({
    clock,
    log,
    releasers,
    identity: hub,
    registry,
    catalog,
    pipeline: telemetry,
    sessions,
    counters,
    presence: () => presence,
    bus,
    dispatcher: () => dispatcher,
  });
  const { feed } = pages;
  telemetry.readings.follow(pages.follower);

  // Presence: one wheel for all silences; a change goes to disk, then to the bus and the store.
  const liveness = new Liveness({ clock, random, afterPoll: (run) => setImmediate(run) });
  releasers.push('liveness', () => liveness.close());
  const announcer = new PresenceAnnouncer({ publisher: bus, topics, log, hub });
  const removals = new Removals({
    store: createRemovalStore(state),
    log,
    clearPresence: (deviceId, told) => announcer.removed(deviceId, told),
  });
  await removals.load();
  const stories = new Stories(clock);
  const admission = new Admission(
    { clock, random, busyShare: eventLoopShare(), overloaded: () => !shedding.takesConnections },
    { acceptPerSec, backoffMaxMs },
  );
  releasers.push('admission', () => admission.close());
  const troubles = createTroubles({
    clock,
    random,
    log,
    state,
    registry,
    sessions,
    publisher: bus,
    topics,
    hub,
    releasers,
    told: (incident) => pages.incident(incident),
  });
  const { incidents, clones } = troubles;
  const presence = new PresenceKeeper({
    clock,
    log,
    liveness,
    store: createPresenceStore(state),
    turnedAwayMs: () => admission.turnedAwayMs,
    changed: (deviceId, change) => {
      announcer.changed(deviceId, change);
      telemetry.presence.record(deviceId, change, change.sinceMs);
      incidents.presenceChanged(deviceId, change);
      stories.tell(deviceId, { kind: 'presence', state: change.state, reason: change.reason });
      feed.presenceChanged(deviceId, change);
    },
  });
  const known = registry.all().map((record) => {
    const type = catalog.get(record.type);
    return { ...record, timing: type === undefined ? lostTypeTiming : timingOf(type) };
  });
  await presence.load(backoffMaxMs, known);
  await troubles.resume((deviceId) => presence.get(deviceId));
  releasers.push('presence', () => presence.settled());

  // What is pushed to devices.
  const notices = new Notices({
    clock,
    log,
    registry,
    sessions,
    newId: randomUUID,
    random,
    store: createNoticeStore(state),
  });
  releasers.push('notices', () => notices.close());

  // Commands: journal → device → answer.
  const directory = {
    typeOf: (deviceId: string) =>
      registry.get(deviceId)?.disabled === true ? undefined : sessions.typeOf(deviceId),
  };
  const commands = await startCommands({
    clock,
    random,
    log,
    state,
    registry,
    directory,
    publisher: bus,
    topics,
    audit,
    releasers,
    live: new LiveCommands(feed, clock),
    recorder: telemetry.commands,
    restored: (journalled) => removals.resume(journalled),
  });
  const { dispatcher, groupCommands } = commands;
  const schedules = await startSchedules({ clock, log, state, releasers, groupCommands, notices });

  // Who keeps something of each device, in this order: no frame of a removed device comes after its sessions.
  registry.follow(
    sessions,
    presence,
    telemetry.presence,
    authenticator,
    incidents,
    clones,
    stories,
    pages,
    { removed: (deviceId) => dispatcher.deviceRemoved(deviceId) },
    removals,
  );

  const security = await openSecurity({
    state,
    registry,
    sessions,
    rotation,
    audit,
    clock,
    config,
    releasers,
    signOut: (actor) => bus.signOut(actor),
  });

  releasers.push('bus', () => bus.close());
  await bus.connect(
    {
      message: (message) => commands.message(message),
      /** For the first time or again: the broker may have lost what it knew of us. */
      connected() {
        announcer.repeat(presence.all());
        commands.busConnected();
      },
      disconnected: (reason) => log.warn({ reason }, 'broker lost'),
    },
    security.broker,
  );

  // Devices.
  const acks = new AckSchedule(clock, config.ackDelayMs);
  releasers.push('acks', () => acks.close());
  const { ackDelayMs, inFlight, messagesPerSec } = config;
  const options = { ackDelayMs, inFlight, messagesPerSec, bytesPerSec, samplesPerSec, backoffMaxMs };
  const sessionDeps = {
    opened: (session: Session) => rotation.sessionOpened(session.deviceId),
    clock,
    log,
    liveness,
    catalog,
    ingest: telemetry.ingest,
    acks,
    presence,
    registry,
    sessions,
    counters,
    options,
    commands: dispatcher,
    clones,
    stories,
    nacked: pages.nacked,
  };
  const { listener, reload } = await listenForDevices(config, {
    clock,
    log,
    sessions,
    authenticator,
    enrolments: security.enrolments,
    stories,
    releasers,
    admit: () => admission.admit(),
    connect: (record, socket, address, principal) => {
      const session = new Session(sessionDeps, record, socket, address);
      sessions.connected(session, principal);
      return session;
    },
  });

  catalog.changed = () => {
    for (const session of sessions.openSessions()) {
      const type = catalog.get(session.type.id);
      if (type !== undefined) session.typeChanged(type);
    }
  };
  await notices.load();

  const { scheduler } = startJobs(config, {
    clock,
    log,
    presence,
    recorder: telemetry.presence,
    upkeep: telemetry.upkeep,
    notices,
    setTicketKeys: (keys) => listener.setTicketKeys(keys),
    releasers,
  });

  const record = startSelfMonitoring(
    { clock, hubId: hub.hubId, pipeline: telemetry, registry, sessions, presence, dispatcher, hubClock, bus },
    releasers,
  );

  // Operators.
  const metrics = new Metrics({ processMetrics: true });
  pages.expose(metrics);
  telemetry.expose(metrics);
  exposeSecurity(metrics, { listener: listener.counters, audit, rotation, reload });
  exposeBus(metrics, bus);
  commands.expose(metrics);
  schedules.expose(metrics);
  exposeMetrics(metrics, {
    listener: listener.counters,
    sessions: counters,
    registry,
    presence,
    announcer,
    liveness,
    scheduler,
    admission,
    clones,
    incidents,
    incidentsLost: troubles.lost,
    notices,
  });
  let stopping = false;
  const admin = await startAdmin(
    {
      log,
      operations: {
        ...pages.devices,
        ...createTelemetryAdministration({ ledger, spool, link }),
        readings: pages.readings,
        why: createWhy({ clock, registry, stories, liveness, presence }),
        incidents: (mayShow) => incidents.list(mayShow),
        pushNotice: (request) => notices.push(request),
        notices: (mayShow) => notices.list(mayShow),
      },
      security: security.operations,
      access: security.access(() => Number(new URL(admin.url).port)),
      consoleDir: pages.dir,
      routes: [...commands.routes, ...schedules.routes, ...pages.routes],
      readiness: () => readiness({ stopping, clock, store, link, spool, hubClock, bus }),
      metrics: () => metrics.page(),
    },
    { listen: config.adminListen, socketPath: join(config.dataDir, 'hub.sock') },
  );
  releasers.push('admin', () => admin.close());

  return {
    deviceUrl: listener.url,
    adminUrl: admin.url,
    ...(bus.url === undefined ? {} : { brokerUrl: bus.url }),
    ...(security.firstLogin === undefined ? {} : { firstLogin: security.firstLogin }),
    failed: failure.promise,
    async close() {
      stopping = true;
      const devicesPerSec = acceptPerSec * slotShare;
      const lastSlotMs = config.restartMs + (sessions.connections().length * 1000) / devicesPerSec;
      listener.stopAccepting(() => config.restartMs + random() * (lastSlotMs - config.restartMs));
      await drainSessions(
        { sessions, clock, random },
        { firstSlotMs: config.restartMs, devicesPerSec, settleMs },
      );
      await presence.settled();
      await troubles.settled();
      record.close();
      const [lost] = await Promise.all([writer.drain(drainMs), announcer.settled(clock, settleMs)]);
      return { lost, faults: await releasers.closeAll() };
    },
  };
}
