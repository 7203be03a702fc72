import { eventLoopShare } from '../kernel/event-loop.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { Registry } from '../registry/registry.ts';
import { startAdmission, type Admission } from '../sessions/admission.ts';
import { newSessionCounters, type SessionCounters } from '../sessions/session-counters.ts';
import { exposeSessions } from '../sessions/session-metrics.ts';
import { Sessions } from '../sessions/sessions.ts';
import type { LoadShedding } from '../telemetry/load-shedding.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';

export interface SessionParts {
  sessions: Sessions;
  counters: SessionCounters;
  admission: Admission;
  expose(metrics: Metrics): void;
}

/** Who is connected, and how many may connect a second. */
export function createSessions(
  { config, clock, random, releasers }: HubContext,
  deps: { state: HubState; registry: Registry; shedding: LoadShedding },
): SessionParts {
  const { registry, shedding } = deps;
  const sessions = new Sessions({ registry, catalog: deps.state.catalog, clock });
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
