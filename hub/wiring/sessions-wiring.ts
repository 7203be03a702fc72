import { eventLoopShare } from '../kernel/event-loop.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { Registry } from '../registry/registry.ts';
import { startAdmission, type Admission } from '../sessions/admission.ts';
import { newSessionCounters, type SessionCounters } from '../sessions/session-counters.ts';
import { exposeSessions } from '../sessions/session-metrics.ts';
import { Sessions } from '../sessions/sessions.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

export interface SessionParts {
  sessions: Sessions;
  counters: SessionCounters;
  admission: Admission;
  expose(metrics: Metrics): void;
}

/** Who is connected, and how many may connect a second. */
export function createSessions(
  { config, clock, random, releasers }: HubContext,
  deps: { state: HubState; registry: Registry; telemetry: Pick<Telemetry, 'shedding' | 'hubClock'> },
): SessionParts {
  const { registry, telemetry } = deps;
  const { shedding, hubClock } = telemetry;
  const sessions = new Sessions({ registry, catalog: deps.state.catalog, clock, hubClock });
  hubClock.follow(() => sessions.clockBelieved());
  const counters = newSessionCounters();
  const overloaded = (): boolean => !shedding.takesConnections;
  const { acceptPerSec, backoffMaxMs } = config;
  const admission = startAdmission(
    { clock, random, busyShare: eventLoopShare(), overloaded },
    { acceptPerSec, backoffMaxMs },
  );
  releasers.push('admission', () => admission.close());
  return {
    sessions,
    counters,
    admission,
    expose: (metrics) => exposeSessions(metrics, { counters, admission }),
  };
}
