import type { ListenerCounters } from '../adapters/websocket/device-listener.ts';
import type { Admission } from '../sessions/admission.ts';
import type { CloneGuard } from '../sessions/clone-guard.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import type { Incidents } from '../incidents/incidents.ts';
import type { Liveness } from '../presence/liveness.ts';
import type { Notices } from '../notices/notices.ts';
import type { PresenceAnnouncer } from '../presence/presence-announcer.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import type { Registry } from '../registry/registry.ts';
import type { SessionCounters } from '../sessions/session-counters.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { Scheduler } from '../schedules/scheduler.ts';

export interface MeasuredParts {
  listener: ListenerCounters;
  sessions: SessionCounters;
  registry: Registry;
  presence: PresenceKeeper;
  announcer: PresenceAnnouncer;
  liveness: Liveness;
  scheduler: Scheduler;
  admission: Admission;
  incidentsLost: IncidentLog['lost'];
  clones: CloneGuard;
  incidents: Incidents;
  notices: Notices;
}

/** Names every count of every part on the `/metrics` page. No device ids: a fleet would drown the page. */
export function exposeMetrics(metrics: Metrics, parts: MeasuredParts): void {
  exposeConnections(metrics, parts);
  exposeJobs(metrics, parts);
  exposeTroubles(metrics, parts);
}

function exposeConnections(metrics: Metrics, parts: MeasuredParts): void {
  const { listener, sessions, registry, presence, announcer, liveness } = parts;
  metrics.gauge('hub_connections', 'Open device sockets', () => listener.connections);
  metrics.counter('hub_upgrades_total', 'Sockets accepted', () => listener.upgrades);
  metrics.counter(
    'hub_tls_resumptions_total',
    'Of them, those that resumed a TLS session',
    () => listener.resumed,
  );
  metrics.counter(
    'hub_upgrade_refusals_total',
    'Connections refused before the upgrade, by HTTP status',
    () => listener.refusals,
    'status',
  );
  metrics.gauge('hub_devices_registered', 'Registered devices', () => registry.size);
  metrics.gauge('hub_devices_online', 'Devices whose presence is online', () => presence.counts().online);
  metrics.gauge('hub_devices', 'Devices by presence', () => presence.counts(), 'state');
  metrics.counter('hub_sessions_total', 'Sessions opened (welcome sent)', () => sessions.welcomes);
  metrics.counter(
    'hub_session_closes_total',
    'Sessions the hub closed, by reason',
    () => sessions.closes,
    'reason',
  );
  metrics.counter('hub_frames_received_total', 'Text frames received', () => sessions.frames);
  metrics.counter(
    'hub_frames_undecodable_total',
    'Frames that were no JSON object',
    () => sessions.undecodable,
  );
  metrics.counter('hub_frame_exceptions_total', 'Frames whose handling threw', () => sessions.exceptions);
  metrics.counter('hub_nacks_total', 'Nacks sent, by code', () => sessions.nacks, 'code');
  metrics.counter(
    'hub_notices_dropped_total',
    'Notices dropped for congested devices',
    () => sessions.noticesDropped,
  );
  metrics.counter(
    'hub_presence_changes_dropped_total',
    'Presence changes not told on the bus',
    () => announcer.droppedChanges,
  );
  metrics.counter(
    'hub_presence_state_failures_total',
    'Retained presence the bus did not take; told with the next change',
    () => announcer.stateFailures,
  );
  metrics.counter(
    'hub_presence_save_failures_total',
    'Presence changes not saved',
    () => presence.saveFailures,
  );
  metrics.counter(
    'hub_stall_seconds_total',
    'Time the event loop was blocked, not counted as silence',
    () => liveness.stalledMs / 1000,
  );
}

function exposeTroubles(
  metrics: Metrics,
  {
    admission,
    clones,
    incidents,
    incidentsLost,
    notices,
  }: Pick<MeasuredParts, 'admission' | 'clones' | 'incidents' | 'incidentsLost' | 'notices'>,
): void {
  metrics.counter(
    'hub_turned_away_seconds_total',
    'Time in which devices were told to come again later, not counted as silence',
    () => admission.turnedAwayMs / 1000,
  );
  metrics.counter(
    'hub_sessions_held_total',
    'Sessions not opened because two devices fight for one id',
    () => clones.held,
  );
  metrics.counter('hub_incidents_total', 'Incidents opened, by kind', () => incidents.counters, 'kind');
  metrics.gauge('hub_incidents_open', 'Incidents open now, by kind', () => incidents.open(), 'kind');
  metrics.counter(
    'hub_incident_changes_lost_total',
    'Changes of incidents that did not reach the disk or the bus',
    () => incidentsLost,
    'fate',
  );
  metrics.counter(
    'hub_notices_total',
    'Notices to devices, by what became of them',
    () => notices.counters,
    'fate',
  );
}

function exposeJobs(metrics: Metrics, { scheduler }: Pick<MeasuredParts, 'scheduler'>): void {
  metrics.counter('hub_job_runs_total', 'Scheduled runs', () => scheduler.counters.runs);
  metrics.counter('hub_job_failures_total', 'Scheduled runs that failed', () => scheduler.counters.failures);
  metrics.counter('hub_job_missed_total', 'Scheduled times missed', () => scheduler.counters.missed);
}
