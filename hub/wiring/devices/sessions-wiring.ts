import { eventLoopShare } from '../../kernel/event-loop.ts';
import type { Registry } from '../../registry/registry.ts';
import { startAdmission, type Admission } from '../../sessions/admission.ts';
import { exposeSessions } from '../../sessions/session-metrics.ts';
import { Sessions } from '../../sessions/sessions.ts';
import type { HubContext } from '../context.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import type { HubState } from '../state-wiring.ts';
import type { Telemetry } from '../telemetry-wiring.ts';

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
  { clock, metrics }: HubContext,
  deps: {
    state: HubState;
    registry: Registry;
    telemetry: Pick<Telemetry, 'hubClock'>;
    admission: Admission;
    presence: PresenceParts;
  },
): Sessions {
  const { registry, admission } = deps;
  const { hubClock } = deps.telemetry;
  const { catalog } = deps.state;
  const { keeper } = deps.presence;
  const lastSession = keeper.session.bind(keeper);
  const sessions = new Sessions({ registry, catalog, clock, hubClock, lastSession });
  hubClock.follow(() => sessions.clockBelieved());
  exposeSessions(metrics, { counters: sessions.counters, frames: sessions.frames, admission });
  return sessions;
}
