import { join } from 'node:path';
import { loadDeviceTypes } from '../schemas/index.ts';
import { createAuditStore } from './adapters/audit-store.ts';
import { commandStore } from './adapters/command-store.ts';
import { createCron } from './adapters/cron.ts';
import { createDeviceStore } from './adapters/device-store.ts';
import { createHubIdentityStore } from './adapters/hub-identity-store.ts';
import { startAdmin } from './adapters/http.ts';
import type { Readiness } from './adapters/http.ts';
import { createPresenceStore } from './adapters/presence-store.ts';
import { lockDataDir } from './adapters/sqlite.ts';
import { openStateDatabase } from './adapters/state-database.ts';
import { startDeviceListener } from './adapters/ws.ts';
import { Audit } from './audit/audit.ts';
import type { Bus, Publisher } from './commands/bus.ts';
import { startDispatcher } from './commands/dispatcher.ts';
import { topicsOf } from './commands/topics.ts';
import type { Config } from './config.ts';
import { AckSchedule } from './devices/ack-schedule.ts';
import { createDeviceAdministration } from './devices/device-administration.ts';
import type { DeviceRecord } from './devices/device-store.ts';
import { Door } from './devices/door.ts';
import { Liveness } from './devices/liveness.ts';
import { broadcastNotice } from './devices/notices.ts';
import { PresenceAnnouncer } from './devices/presence-announcer.ts';
import { PresenceKeeper } from './devices/presence-keeper.ts';

import { Registry } from './devices/registry.ts';
import { Rotation } from './devices/rotation.ts';
import { Session, newSessionCounters } from './devices/session.ts';
import { exposeMetrics } from './hub-metrics.ts';
import { exposeSecurity } from './hub-security-metrics.ts';
import { openBus, openStore, openTls } from './hub-parts.ts';
import { openSecurity } from './hub-security.ts';
import { HubError, messageOf } from './kernel/errors.ts';
import type { Log } from './kernel/log.ts';
import { Metrics } from './kernel/metrics.ts';
import { Releasers } from './kernel/releasers.ts';
import { systemClock, wait } from './kernel/time.ts';
import type { Clock } from './kernel/time.ts';
import { Scheduler } from './schedules/scheduler.ts';
import { createFanOut } from './telemetry/fan-out.ts';
import { Ingest } from './telemetry/ingest.ts';
import { PresenceRecorder } from './telemetry/presence-recorder.ts';
import { createReadings } from './telemetry/readings.ts';
import { Writer } from './telemetry/writer.ts';

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

/** Longest wait of a device between attempts to reconnect, ms; told in `welcome`. */
const backoffMaxMs = 30_000;
/** Data frames a second a device may send on average; told in `welcome`. */
const messagesPerSec = 1_000;
/** How long a stop waits for the store to take what is under way, ms. */
const drainMs = 5_000;
/** After a start, how long a device that was connected may take to come back, besides the longest backoff, ms. */
const returnGraceMs = 60_000;
/** A health check that waits longer is itself called failed, ms. */
const probeTimeoutMs = 1_000;
/** Below the limit of descriptors that most machines set; sockets beyond are refused. */
const maxConnections = 19_000;
/** How often expired credentials are looked for: their sessions end that late at most, ms. */
const expiryCheckMs = 1_000;

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
  const failure = Promise.withResolvers<Error>();
  const onFailure = (error: Error): void => failure.resolve(error);

  // State: the data folder is ours alone, and what it knows is loaded.
  const lock = lockDataDir(config.dataDir);
  releasers.push('data folder', () => lock.release());
  const state = await openStateDatabase(join(config.dataDir, 'state.db'), { onFailure });
  releasers.push('state database', () => state.close());
  const audit = new Audit({ store: createAuditStore(state), clock, log });
  releasers.push('audit', () => audit.close());
  const identity = createHubIdentityStore(state);
  const hub = { hubId: await identity.hubId(), incarnation: String(await identity.nextIncarnation()) };
  const catalog = await loadDeviceTypes(config.schemasDir);
  const registry = new Registry({
    store: createDeviceStore(state),
    clock,
    rotated: (deviceId, fault) => rotation.rotated(deviceId, fault),
  });
  await registry.load();
  const rotation = new Rotation({ registry, clock, log, audit });
  const door = new Door({ registry, clock, audit });

  // The road to the store.
  const store = await openStore(config, { log, onFailure });
  releasers.push('metrics store', () => store.close());
  const writer = new Writer({ store, clock, random, log });
  releasers.push('writer', () => writer.close());

  // The bus comes up last, since commands come in by it; until then nothing is published.
  const topics = topicsOf(config.mqtt.root);
  let bus: Bus | undefined;
  const publisher: Publisher = {
    publish: (message) =>
      bus?.publish(message) ?? Promise.reject(new HubError('bus-unavailable', 'starting')),
  };
  const fanOut = createFanOut({ publisher, topics, log });
  const ingest = new Ingest(
    { writer, fanOut, clock },
    { maxAgeMs: config.maxAgeSec * 1000, maxAheadMs: config.maxAheadSec * 1000 },
  );

  // Presence: one wheel for all silences; a change goes to disk, then to the bus and the store.
  const liveness = new Liveness({ clock, afterPoll: (run) => setImmediate(run) });
  releasers.push('liveness', () => liveness.close());
  const announcer = new PresenceAnnouncer({ publisher, topics, log, hub });
  const recorder = new PresenceRecorder({ writer, recordOf: (deviceId) => registry.get(deviceId) });
  const presence = new PresenceKeeper({
    clock,
    log,
    liveness,
    store: createPresenceStore(state),
    changed: (deviceId, change) => {
      announcer.changed(deviceId, change);
      recorder.record(deviceId, change, change.sinceMs);
    },
  });
  const orphans = await presence.load(
    backoffMaxMs + returnGraceMs,
    (deviceId) => registry.get(deviceId) !== undefined,
  );
  releasers.push('presence', () => presence.settled());

  // Commands: journal → device → answer.
  const dispatcher = await startDispatcher(
    {
      clock,
      random,
      log,
      publisher,
      journal: commandStore(state),
      directory: { typeOf: (deviceId) => typeOf(deviceId) },
    },
    { root: config.mqtt.root },
  );
  releasers.push('dispatcher', () => dispatcher.close());
  function typeOf(deviceId: string) {
    const record = registry.get(deviceId);
    if (record === undefined || record.disabled) return undefined;
    const session = registry.session(deviceId);
    return session?.isOpen === true ? session.type : catalog.get(record.type);
  }

  const added = (record: DeviceRecord): void => presence.registered(record.id, record.epoch);
  const security = await openSecurity({
    state,
    registry,
    rotation,
    catalog,
    audit,
    clock,
    config,
    added,
    signOut: (actor) => opened.signOut?.(actor),
  });

  /** The broker is there, for the first time or again: it may have lost what it knew of us. */
  const busConnected = (): void => {
    announcer.repeat(presence.all());
    dispatcher.busConnected();
  };
  const opened = await openBus(
    config,
    { log, random, clock, hub, topics, access: security.broker },
    {
      message: (message) => dispatcher.message(message),
      connected: () => {
        if (bus !== undefined) busConnected();
      },
      disconnected: (reason) => log.warn({ reason }, 'broker lost'),
    },
  );
  bus = opened.bus;
  releasers.push('bus', () => opened.bus.close());
  if (bus.connected) busConnected();

  /** Ends all that is kept of a device that is no longer registered. */
  async function forget(deviceId: string): Promise<void> {
    await dispatcher.deviceRemoved(deviceId);
    await presence.removed(deviceId);
    announcer.removed(deviceId);
    door.forget(deviceId);
  }
  for (const deviceId of orphans) await forget(deviceId);

  // Devices.
  const acks = new AckSchedule(clock, config.ackDelayMs);
  releasers.push('acks', () => acks.close());
  const counters = newSessionCounters();
  const options = { ackDelayMs: config.ackDelayMs, inFlight: config.inFlight, messagesPerSec, backoffMaxMs };
  const opening = (session: Session): void => rotation.sessionOpened(session.deviceId);
  const sessionDeps = {
    opened: opening,
    clock,
    log,
    liveness,
    catalog,
    ingest,
    acks,
    presence,
    registry,
    counters,
    options,
  };
  releasers.push(
    'expiry',
    clock.every(expiryCheckMs, () => registry.closeExpired()),
  );
  const tls = await openTls(config, { clock, log });
  const listener = await startDeviceListener(
    {
      log,
      admit: (proof, network) => door.admit(proof, network),
      enrol: (ask, network) => security.enrolments.enrol(ask, network),
      connect: (record, socket, principal) => {
        const session = new Session({ ...sessionDeps, commands: dispatcher }, record, socket);
        registry.connected(session, principal);
        return session;
      },
    },
    {
      listen: config.deviceListen,
      tls: tls?.options,
      allowedOrigins: config.allowedOrigins,
      maxConnections,
      maxSocketsPerAddress: config.maxSocketsPerAddress,
      maxPendingPerAddress: config.maxPendingPerAddress,
      trustedProxies: config.trustedProxies,
    },
  );
  releasers.push('device listener', () => listener.close());
  const reload = tls?.watch((renewed) => listener.renewTls(renewed));
  releasers.push('certificate', () => reload?.close());

  // Schedules.
  const scheduler = new Scheduler({ cron: createCron(log), log });
  releasers.push('scheduler', () => scheduler.close());
  scheduler.add({
    name: 'presence-snapshot',
    cron: '*/5 * * * *',
    timeZone: 'UTC',
    run: () => recorder.snapshot(presence.all(), clock.now()),
  });
  const { notice } = config;
  if (notice !== undefined) {
    scheduler.add({
      name: 'notice',
      cron: notice.cron,
      timeZone: 'UTC',
      run: () => log.debug(broadcastNotice(registry, 'notice', notice.payload), 'notice sent'),
    });
  }

  // Operators.
  const metrics = new Metrics({ processMetrics: true });
  exposeSecurity(metrics, { listener: listener.counters, audit, rotation, reload });
  exposeMetrics(metrics, {
    listener: listener.counters,
    sessions: counters,
    fanOut: fanOut.counters,
    registry,
    presence,
    announcer,
    liveness,
    ingest,
    writer,
    dispatcher,
    scheduler,
    bus: opened.bus,
  });
  let stopping = false;
  const admin = await startAdmin(
    {
      log,
      operations: {
        ...createDeviceAdministration({
          registry,
          catalog,
          clock,
          presence: (deviceId) => presence.get(deviceId),
          added,
          removed: forget,
        }),
        readings: createReadings({ store, typeOf }),
      },
      security: security.operations,
      access: security.access(() => Number(new URL(admin.url).port)),
      readiness,
      metrics: () => metrics.page(),
    },
    { listen: config.adminListen, socketPath: join(config.dataDir, 'hub.sock') },
  );
  releasers.push('admin', () => admin.close());

  const probe = (): Promise<string | undefined> => store.probe().then(() => undefined, messageOf);
  const probeTimeout = (): Promise<string> =>
    wait(clock, probeTimeoutMs).then(() => `no answer within ${probeTimeoutMs} ms`);
  async function readiness(): Promise<Readiness> {
    const storeFault = writer.fault ?? (await Promise.race([probe(), probeTimeout()]));
    return {
      ready: !stopping,
      parts: {
        devices: part(stopping ? 'the hub is stopping' : undefined),
        store: part(storeFault),
        bus: part(opened.bus.connected ? undefined : (opened.bus.fault ?? 'not connected')),
      },
    };
  }

  return {
    deviceUrl: listener.url,
    adminUrl: admin.url,
    ...(opened.url === undefined ? {} : { brokerUrl: opened.url }),
    ...(security.firstLogin === undefined ? {} : { firstLogin: security.firstLogin }),
    failed: failure.promise,
    async close() {
      stopping = true;
      listener.stopAccepting();
      registry.closeAll();
      const lost = await writer.drain(drainMs);
      return { lost, faults: await releasers.closeAll() };
    },
  };
}

function part(fault: string | undefined): { ok: boolean; reason?: string } {
  return fault === undefined ? { ok: true } : { ok: false, reason: fault };
}
