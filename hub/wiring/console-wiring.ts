import { fileURLToPath } from 'node:url';
import type { Incident } from '../../schemas/api/incidents.ts';
import type { Reading } from '../../schemas/api/readings.ts';
import type { DeviceType, DeviceTypeCatalog } from '../../schemas/index.ts';
import { serveHistory, type HistoryOperations } from '../adapters/http/history-routes.ts';
import { serveLive } from '../adapters/http/live-routes.ts';
import { serveReads, type ReadOperations } from '../adapters/http/read-routes.ts';
import type { AdminDeps } from '../adapters/http/admin-server.ts';
import type { AdminOperations, DeviceOperations } from '../admin/admin-operations.ts';
import { createDeviceAdministration, type DeviceViews } from '../admin/device-administration.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { MayShow } from '../registry/visibility.ts';
import { visibleTo } from '../incidents/incidents.ts';
import { LiveFeed } from '../admin/live-feed.ts';
import { NackLog } from '../admin/nack-log.ts';
import type { NackListener } from '../sessions/nack.ts';
import type { Presence } from '../../schemas/api/presence.ts';
import { Rejects } from '../admin/rejects.ts';
import { createTypeViews } from '../admin/type-views.ts';
import { countsOf, snapshotOf, type SnapshotParts } from './hub-snapshot.ts';
import { watchEventLoop } from '../kernel/event-loop.ts';
import type { Log } from '../kernel/log.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { ReadingFollower } from '../telemetry/reading-followers.ts';
import { createLastValues } from '../telemetry/last-values.ts';
import { LatestReadings } from '../telemetry/latest-readings.ts';
import { createPresenceHistory } from '../telemetry/presence-history.ts';
import { createReadings } from '../telemetry/readings.ts';
import { createSeries } from '../telemetry/series.ts';
import { Throughput } from '../telemetry/throughput.ts';

interface ConsoleDeps extends Omit<SnapshotParts, 'throughput' | 'loop'> {
  log: Log;
  releasers: Releasers;
  catalog: DeviceTypeCatalog;
}

export interface ConsoleParts extends DeviceFollower {
  /** Where `npm run build:console` puts its files. */
  dir: string;
  feed: LiveFeed;
  routes: NonNullable<AdminDeps['routes']>;
  devices: DeviceOperations & DeviceViews;
  /** Readings of one device's stream. */
  readings: AdminOperations['readings'];
  /** Sees each change of an incident. */
  incident(incident: Incident): void;
  /** Sees each refusal. */
  nacked: NackListener;
  /** Sees each accepted reading. */
  follower: ReadingFollower;
  /** Names what the live feed counts on the `/metrics` page. */
  expose(metrics: Metrics): void;
}

/** What the console's pages show: the live feed, the newest readings, the hub at a glance. */
export function openConsole(deps: ConsoleDeps): ConsoleParts {
  const { clock, log, releasers, registry, sessions, catalog, pipeline, counters } = deps;
  const startedMs = clock.now();
  const throughput = new Throughput({ clock, ledger: pipeline.ledger, frames: () => counters.frames });
  throughput.start();
  releasers.push('throughput', () => throughput.close());
  const eventLoop = watchEventLoop(clock);
  releasers.push('event loop', () => eventLoop.close());
  const parts: SnapshotParts = { ...deps, throughput, loop: () => eventLoop.load() };
  const hub = (mayShow?: MayShow) => snapshotOf(parts, startedMs, mayShow);
  const presenceOf = (deviceId: string): Presence => deps.presence().get(deviceId);
  const devices = createDeviceAdministration({
    registry,
    sessions,
    catalog,
    clock,
    presence: presenceOf,
  });
  const feed = new LiveFeed({
    clock,
    log,
    sources: {
      ids: () => registry.all().map(({ id }) => id),
      presence: (deviceId) => (registry.get(deviceId) === undefined ? undefined : presenceOf(deviceId)),
      row: (deviceId) => devices.row(deviceId),
      details: (deviceId) => devices.details(deviceId),
      counts: (mayShow) => countsOf(parts, mayShow),
      hub,
    },
  });
  releasers.push('live feed', () => feed.close());
  const latest = new LatestReadings();
  const nackLog = new NackLog(clock);
  const rejects = new Rejects(clock);
  const reads: ReadOperations = {
    hub,
    rejects: (mayShow) => rejects.report(mayShow),
    ...createTypeViews({ catalog, registry }),
  };

  const typeOf = (deviceId: string): DeviceType | undefined => sessions.typeOf(deviceId);

  return {
    devices,
    readings: createReadings({ store: pipeline.store, typeOf }),
    incident(incident) {
      feed.tell('incidents', incident.id, (mayShow) => {
        const visible = visibleTo(incident, mayShow);
        return visible && { t: 'incident', incident: visible };
      });
    },
    nacked(device, frame, stream) {
      const row = nackLog.note(device, frame, stream);
      rejects.note(device, frame, stream, row.message);
      feed.nacked(device.id, row);
    },
    dir: fileURLToPath(new URL('../../dashboards/console/dist/', import.meta.url)),
    feed,
    routes: [
      (app) => serveReads(app, reads),
      (app) => serveHistory(app, historyOf({ ...deps, typeOf, latest, nackLog })),
      (app) => serveLive(app, feed),
    ],
    follower: followerOf(latest, feed),
    expose: (metrics) => exposeFeed(metrics, feed),
    registered: ({ id }) => feed.deviceChanged(id),
    changed: ({ id }) => feed.deviceChanged(id),
    removed(deviceId) {
      latest.forget(deviceId);
      nackLog.forget(deviceId);
      rejects.forget(deviceId);
      feed.deviceRemoved(deviceId);
    },
  };
}

function exposeFeed(metrics: Metrics, feed: LiveFeed): void {
  metrics.gauge('hub_live_sockets', 'Live sockets of console pages', () => feed.sockets);
  metrics.counter(
    'hub_live_total',
    'Messages to live sockets, and what was merged, skipped, closed or refused',
    () => ({ ...feed.counters }),
    'fate',
  );
}

function historyOf({
  registry,
  pipeline,
  typeOf,
  latest,
  nackLog,
}: Pick<ConsoleDeps, 'registry' | 'pipeline'> & {
  typeOf: (deviceId: string) => DeviceType | undefined;
  latest: LatestReadings;
  nackLog: NackLog;
}): HistoryOperations {
  const { store } = pipeline;
  const presenceHistory = createPresenceHistory(store);
  return {
    lastValues: createLastValues({ store, latest, typeOf }),
    series: createSeries({ store, typeOf }),
    async presenceHistory(query) {
      registry.require(query.device);
      return presenceHistory(query);
    },
    nacks(device) {
      registry.require(device);
      return nackLog.of(device);
    },
  };
}

function followerOf(latest: LatestReadings, feed: LiveFeed): ReadingFollower {
  const reading = (deviceId: string, stream: string, timeMs: number, data: unknown): void => {
    latest.note(deviceId, stream, timeMs, data);
    if (feed.active) feed.reading(deviceId, stream, timeMs, data as Reading['fields']);
  };
  return {
    reading,
    readings(deviceId, stream, samples) {
      for (const { ts, data } of samples) reading(deviceId, stream, ts, data);
    },
    event() {},
  };
}
