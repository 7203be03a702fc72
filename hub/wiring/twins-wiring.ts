import type { Bus, IncomingMessage } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { Elsewhere } from '../cluster/request-place.ts';
import { typeWhereHere } from '../cluster/other-hub.ts';
import { newCommandId } from '../commands/command-id.ts';
import { Followers } from '../kernel/followers.ts';
import { isOfAnotherHub } from '../registry/other-hubs-devices.ts';
import type { Registry } from '../registry/registry.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import { isAway } from '../presence/presence.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { TwinRecorder } from '../telemetry/recorders/twin-recorder.ts';
import { GroupTwins } from '../twins/group/group-twins.ts';
import { TwinAnnouncer } from '../twins/twin-announcer.ts';
import { TwinMessages } from '../twins/twin-messages.ts';
import { exposeTwins } from '../twins/twin-metrics.ts';
import { createTwinOperations, type TwinOperations } from '../twins/twin-operations.ts';
import { changeWhereItIs } from '../twins/twins-elsewhere.ts';
import { Twins, type TwinFollower } from '../twins/twins.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';

export interface TwinParts {
  keeper: Twins;
  /** Who is notified of each change. */
  followers: Followers<TwinFollower>;
  /** To the operators' API. */
  operations: { twins: TwinOperations; groupTwins: GroupTwins };
  /** Notified from now on. */
  follow(follower: TwinFollower): void;
  /** A message of the broker; undefined: its topic is none of twins. */
  message(message: IncomingMessage): Promise<void> | undefined;
  /** The broker is there, for the first time or again. */
  busConnected(): void;
}

/** What devices should hold, and what they report to hold. */
export async function startTwins(
  { clock, log, random, metrics, releasers }: HubContext,
  deps: {
    state: HubState;
    registry: Registry;
    sessions: Sessions;
    telemetry: { twinRecorder: TwinRecorder };
    presence: { keeper: PresenceKeeper };
    bus: Bus;
    topics: Topics;
    peers: { elsewhere: Elsewhere } | undefined;
  },
): Promise<TwinParts> {
  const { registry, sessions, topics, bus: publisher } = deps;
  const { audit, stores, hubIdentity } = deps.state;
  const store = stores.twins;
  const followers = new Followers<TwinFollower>();
  const requireType = (device: string) => sessions.requireType(device);
  const several = deps.state.shared !== undefined;
  const { keeper } = deps.presence;
  const twins = new Twins({
    clock,
    log,
    audit,
    store,
    sessions,
    requireType: typeWhereHere(requireType, (device) => keeper.isElsewhere(device)),
    several,
    followers: followers.all,
  });
  const typeOf = (device: string) => sessions.typeOf(device);
  const operations = createTwinOperations({ twins, store, registry, requireType, typeOf });
  const announcer = new TwinAnnouncer({ publisher, topics, log, hub: hubIdentity, twins: operations });
  followers.follow(deps.telemetry.twinRecorder, announcer);
  await twins.load();
  releasers.push('twins', () => twins.close());
  const changing = deps.peers === undefined ? operations : changeWhereItIs(operations, deps.peers.elsewhere);
  const messages = new TwinMessages({
    log,
    topics,
    publisher,
    twins: changing,
    isOfAnotherHub: isOfAnotherHub(deps),
  });
  const groupTwins = new GroupTwins({
    clock,
    log,
    twins,
    store: stores.groupTwins,
    newId: () => newCommandId(clock.now(), random),
    select: (selector) => registry.select(selector),
    isAway: (device) => isAway(deps.presence.keeper.get(device)),
    groups: () => stores.groupCommands.groups(),
  });
  await deps.state.leader.begin('changes of many twins', () => groupTwins.start());
  releasers.push('group twins', () => groupTwins.close());
  exposeTwins(metrics, { twins, announcer, messages });
  return {
    keeper: twins,
    followers,
    operations: { twins: operations, groupTwins },
    follow: (follower) => followers.follow(follower),
    message: (message) => messages.message(message),
    busConnected: () => announcer.repeat(twins.devices()),
  };
}
