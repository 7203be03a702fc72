import type { Bus, BusHandlers } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import type { Mail } from '../../cluster/mail.ts';
import type { CommandFollower } from '../../commands/answers.ts';
import { CommandAudit } from '../../commands/command-audit.ts';
import { newCommandCounters } from '../../commands/command-counters.ts';
import { exposeCommands } from '../../commands/command-metrics.ts';
import { createCommandOperations, type CommandOperations } from '../../commands/command-operations.ts';
import { CommandWaits } from '../../commands/command-waits.ts';
import { startDispatcher, type Dispatcher } from '../../commands/dispatcher.ts';
import type { GroupCommandFollower } from '../../commands/group/group-answers.ts';
import type { GroupCommands } from '../../commands/group/group-commands.ts';
import { MqttRequests } from '../../commands/mqtt-requests.ts';
import { OpenGroupCommands } from '../../commands/group/open-group-commands.ts';
import type { GroupOperations } from '../../commands/group/group-operations.ts';
import { sharedCommands } from '../../commands/shared-commands.ts';
import { CommandStages } from '../../commands/stages.ts';
import { StatusPublisher } from '../../commands/status-publisher.ts';
import { Followers } from '../../kernel/followers.ts';
import { isOfAnotherHub } from '../../registry/other-hubs-devices.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Removals } from '../../registry/removals.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { HubContext } from '../context.ts';
import { startGroupCommands } from './group-commands-wiring.ts';
import type { HubState } from '../state-wiring.ts';
import { startTracing } from './tracing-wiring.ts';

export interface CommandParts extends Pick<BusHandlers, 'message'> {
  dispatcher: Dispatcher;
  groupCommands: GroupCommands;
  /** To the operators' API. */
  operations: { commands: CommandOperations; groups: GroupOperations };
  /** Who is notified of each state of a command. */
  followers: Followers<CommandFollower>;
  /** Notifies `follower` of each state of a command or group command from now on. */
  follow(follower: CommandFollower & GroupCommandFollower): void;
  /** The broker is there, for the first time or again. */
  busConnected(): void;
}

interface Deps {
  state: HubState;
  registry: Registry;
  sessions: Sessions;
  bus: Bus;
  topics: Topics;
  /** Its recorder writes each state of a command to the metrics store. */
  telemetry: { commandRecorder: CommandFollower };
  /** Its removals end what an earlier hub had begun to end, before anything is asked of the journal. */
  presence: { removals: Removals };
  /** To other hubs. */
  mail: Mail | undefined;
}

/** Everything about commands: journal → device → answer, groups, and the requests for them. */
export async function startCommands(hub: HubContext, deps: Deps): Promise<CommandParts> {
  const { clock, metrics, releasers } = hub;
  const { state, registry, sessions } = deps;
  const counters = newCommandCounters();
  const audit = new CommandAudit(state.audit, counters);
  const hasOtherHubs = (): boolean => deps.bus.otherHubs.length > 0;
  const { bus: publisher, topics } = deps;
  const common = { ...hub, counters, hasOtherHubs, publisher, topics, audit, registry };
  const statuses = new StatusPublisher({ ...common, counters });
  const journal = state.stores.commands;

  const tracing = await startTracing(hub, state.hubIdentity.hubId);
  const stages = new CommandStages();
  const waits = new CommandWaits(clock);
  const open = new OpenGroupCommands();
  const followers = new Followers<CommandFollower>();
  followers.follow(stages, deps.telemetry.commandRecorder, audit, waits, open);
  if (tracing !== undefined) followers.follow(tracing);
  const dispatcher = await startDispatcher({
    ...common,
    directory: sessions,
    journal,
    statuses,
    counters,
    followers: followers.all,
    isTracing: tracing !== undefined,
    shared: state.shared && deps.mail && sharedCommands(state.shared, deps.mail),
  });
  releasers.push('dispatcher', () => dispatcher.close());
  await deps.presence.removals.resume(dispatcher);
  releasers.push('command waits', () => waits.close());

  const groups = await startGroupCommands({ ...common, state, statuses, dispatcher, open, waits });
  const requests = new MqttRequests({
    ...common,
    isOfAnotherHub: isOfAnotherHub(deps),
    journal,
    statuses,
    dispatcher,
    groups: groups.requests,
  });
  exposeCommands(metrics, { dispatcher, stages });
  return {
    dispatcher,
    groupCommands: groups.groupCommands,
    operations: {
      commands: createCommandOperations({ dispatcher, journal, audit, waits }),
      groups: groups.operations,
    },
    followers,
    follow(follower) {
      followers.follow(follower);
      groups.followers.follow(follower);
    },
    message: (message) => requests.message(message),
    busConnected() {
      dispatcher.busConnected();
      groups.answers.busConnected();
    },
  };
}
