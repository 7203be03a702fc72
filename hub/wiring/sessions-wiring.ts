import { eventLoopShare } from '../kernel/event-loop.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
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

/** How many devices may connect a second. */
export function startAdmitting(
  { config, clock, random, releasers }: HubContext,
  { shedding }: Pick<Telemetry, 'shedding'>,
): Admission {
  const overloaded = (): boolean => !shedding.takesConnections;
  const { acceptPerSec, backoffMaxMs } = config;
  const admission = startAdmission(
    { clock, random, busyShare: eventLoopShare(), overloaded },
    { acceptPerSec, backoffMaxMs },
  );
  releasers.push('admission', () => admission.close());
  return admission;
}

/** Who is connected. */
export function createSessions(
  { clock }: HubContext,
  deps: {
    state: HubState;
    registry: Registry;
    telemetry: Pick<Telemetry, 'hubClock'>;
    admission: Admission;
    presence: { keeper: PresenceKeeper };
  },
): SessionParts {
  const { registry, admission } = deps;
  const { hubClock } = deps.telemetry;
  const { catalog } = deps.state;
  const { keeper } = deps.presence;
  const lastSession = keeper.session.bind(keeper);
  const sessions = new Sessions({ registry, catalog, clock, hubClock, lastSession });
  hubClock.follow(() => sessions.clockBelieved());
  const counters = newSessionCounters();
  return {
    sessions,
    counters,
    admission,
    expose: (metrics) => exposeSessions(metrics, { counters, admission }),
  };
}
