import { Authenticator } from '../../identity/authenticator.ts';
import { Enrolments } from '../../identity/enrolment.ts';
import { messageOf } from '../../kernel/errors.ts';
import { exposeRotation } from '../../identity/rotation-metrics.ts';
import { Rotation } from '../../identity/rotation.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { HubContext } from '../context.ts';
import type { HubState } from '../state-wiring.ts';

export interface IdentityParts {
  authenticator: Authenticator;
  rotation: Rotation;
  enrolments: Enrolments;
}

const newsMs = 1_000;

/** The identity of devices: authentication at each connection, enrolment, rotation of secrets. */
export async function startIdentity(
  { clock, log, metrics, releasers }: HubContext,
  { state, registry, sessions }: { state: HubState; registry: Registry; sessions: Sessions },
): Promise<IdentityParts> {
  const { audit, stores, shared } = state;
  const several = shared !== undefined;
  const rotation = new Rotation({ registry, sessions, clock, log, audit });
  const authenticator = new Authenticator({ registry, rotation, sessions, clock, audit });
  const enrolments = new Enrolments({ store: stores.enrolments, registry, clock, audit, several });
  await enrolments.load();
  const readNews = () =>
    enrolments
      .load()
      .catch((error: unknown) => log.debug({ reason: messageOf(error) }, 'enrolments are not read now'));
  if (several)
    releasers.push(
      'enrolments of other hubs',
      clock.every(newsMs, () => void readNews()),
    );
  exposeRotation(metrics, rotation);
  return { authenticator, rotation, enrolments };
}
