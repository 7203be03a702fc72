import { auditInSameTransaction } from '../adapters/sqlite/sqlite-audit-store.ts';
import { createTwinStore } from '../adapters/sqlite/sqlite-twin-store.ts';
import { Followers } from '../kernel/followers.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { TwinRecorder } from '../telemetry/recorders/twin-recorder.ts';
import { exposeTwins } from '../twins/twin-metrics.ts';
import { createTwinOperations, type TwinOperations } from '../twins/twin-operations.ts';
import { changeEvent, Twins, type TwinFollower } from '../twins/twins.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';

export interface TwinParts {
  keeper: Twins;
  /** To the operators' API. */
  operations: TwinOperations;
}

/** What devices should hold, and what they report to hold. */
export async function startTwins(
  { clock, log, metrics, releasers }: HubContext,
  deps: {
    state: HubState;
    registry: Registry;
    sessions: Sessions;
    telemetry: { twinRecorder: TwinRecorder };
  },
): Promise<TwinParts> {
  const { registry, sessions } = deps;
  const { audit, database } = deps.state;
  const beside = auditInSameTransaction();
  const store = createTwinStore(database, (device, change) =>
    beside(audit.entryOf(changeEvent(device, change))),
  );
  const followers = new Followers<TwinFollower>();
  const requireType = (device: string) => sessions.requireType(device);
  const twins = new Twins({ clock, log, audit, store, sessions, requireType, followers: followers.all });
  followers.follow(deps.telemetry.twinRecorder);
  await twins.load();
  releasers.push('twins', () => twins.close());
  exposeTwins(metrics, twins);
  const typeOf = (device: string) => sessions.typeOf(device);
  return {
    keeper: twins,
    operations: createTwinOperations({ twins, store, registry, requireType, typeOf }),
  };
}
