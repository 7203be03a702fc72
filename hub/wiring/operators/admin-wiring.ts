import type { ViewOperations } from '../../adapters/http/routes/api-routes.ts';
import { ConsoleReadings } from '../../admin/console-readings.ts';
import { createDeviceAdministration } from '../../admin/device-administration.ts';
import { createDeviceHistory } from '../../admin/device-history.ts';
import { createWhy } from '../../admin/device-why.ts';
import { FrameViews } from '../../admin/frame-views.ts';
import { exposeHistory } from '../../admin/history-metrics.ts';
import { countsOf, snapshotOf } from '../../admin/hub-snapshot.ts';
import { LiveCommands } from '../../admin/live-commands.ts';
import { LiveFeed } from '../../admin/live-feed.ts';
import { exposeLiveFeed } from '../../admin/live-metrics.ts';
import { Refusals } from '../../admin/refusals.ts';
import { createTypeViews } from '../../admin/type-views.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Dispatcher } from '../../commands/dispatcher.ts';
import type { Notices } from '../../notices/notices.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { MissingTypes } from '../../registry/missing-types.ts';
import type { Registry } from '../../registry/registry.ts';
import { LatestReadings } from '../../telemetry/history/latest-readings.ts';
import { createReadings } from '../../telemetry/history/readings.ts';
import { createTelemetryAdministration } from '../../admin/telemetry-administration.ts';
import type { HubContext } from '../context.ts';
import type { IncidentParts } from '../incidents-wiring.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import { hubOperations, snapshotParts } from '../snapshot-wiring.ts';
import { keepSaving } from '../saving.ts';
import type { HubState } from '../state-wiring.ts';
import type { Telemetry } from '../telemetry-wiring.ts';
import type { TwinParts } from '../twins-wiring.ts';

interface Deps {
  state: HubState;
  registry: Registry;
  missingTypes: MissingTypes;
  sessions: Sessions;
  telemetry: Telemetry;
  presence: PresenceParts;
  incidents: IncidentParts;
  notices: Notices;
  commands: { dispatcher: Dispatcher };
  twins: Pick<TwinParts, 'operations'>;
  bus: Bus;
}

export interface AdminParts {
  operations: ViewOperations;
  feed: LiveFeed;
  liveCommands: LiveCommands;
  consoleReadings: ConsoleReadings;
  refusals: Refusals;
  /** Takes up what an earlier hub counted. */
  load(): Promise<void>;
}

/** All that exists for operators only: operations, views, the hub at a glance, the live feed. */
export function createAdmin(hub: HubContext, deps: Deps): AdminParts {
  const { clock, log, metrics, releasers } = hub;
  const { registry, missingTypes, sessions, telemetry, presence, incidents, notices } = deps;
  const { store, ledger, spool, link, refusedRecorder: recorder } = telemetry;
  const snapshot = snapshotParts(hub, deps);
  const { catalog, stores, shared } = deps.state;
  const devices = createDeviceAdministration({
    registry,
    catalog,
    clock,
    presence: (deviceId) => presence.keeper.get(deviceId),
    session: (deviceId) => presence.keeper.session(deviceId),
    twin: (deviceId) => deps.twins.operations.twins.stands(deviceId),
  });
  const frames = new FrameViews({ frames: sessions.frames, registry, audit: deps.state.audit, clock });
  const feed = new LiveFeed({
    clock,
    log,
    sources: {
      ids: () => registry.all().map(({ id }) => id),
      presence: (deviceId) => presence.keeper.find(deviceId),
      row: (deviceId) => devices.row(deviceId),
      details: (deviceId) => devices.details(deviceId),
      counts: (mayShow) => countsOf(snapshot, mayShow),
      hub: (mayShow) => snapshotOf(snapshot, mayShow),
      frames,
      whose: (deviceId) => presence.keeper.whose(deviceId),
    },
  });
  releasers.push('live feed', () => feed.close());
  exposeLiveFeed(metrics, feed);
  const latest = new LatestReadings();
  const refusals = new Refusals({ clock, log, stores, recorder, shared: !!shared }, feed);
  keepSaving(hub, 'rejected readings of devices', refusals.log.lists);
  keepSaving(hub, 'rejected readings', refusals.rejects);
  const { lists: events } = presence.events;
  const { dayCounts: counts, fleetCourse: fleet } = snapshot;
  exposeHistory(metrics, { events, nacks: refusals.log.lists, rejects: refusals.rejects, counts, fleet });
  const typeOf = (deviceId: string) => sessions.requireType(deviceId);
  return {
    operations: {
      ...devices,
      ...createTypeViews({ catalog, registry, sessions, keeper: presence.keeper }),
      ...createDeviceHistory({ registry, store, latest, nackLog: refusals.log, typeOf }),
      ...createTelemetryAdministration({ registry, ledger, spool, link }),
      frames,
      readings: createReadings({ store, typeOf }),
      why: createWhy({ ...presence, clock, registry, missingTypes, spool, cuts: incidents.cuts }),
      incidents: (mayShow) => incidents.list(mayShow),
      pushNotice: (request, actor) => notices.push(request, actor),
      notices: (mayShow) => notices.list(mayShow),
      ...hubOperations(snapshot, telemetry.hubClock),
      rejects: (mayShow) => refusals.rejects.currentReport(mayShow),
    },
    feed,
    liveCommands: new LiveCommands(feed, clock),
    consoleReadings: new ConsoleReadings(latest, feed),
    refusals,
    async load() {
      await refusals.rejects.load((deviceId) => registry.get(deviceId) !== undefined);
      await counts.load();
    },
  };
}
