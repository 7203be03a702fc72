import type { Topics } from '../../bus/topics.ts';
import type { CommandCounters } from '../../commands/command-counters.ts';
import type { CommandAudit } from '../../commands/command-audit.ts';
import type { CommandWaits } from '../../commands/command-waits.ts';
import type { Dispatcher } from '../../commands/dispatcher.ts';
import { GroupAnswers, type GroupCommandFollower } from '../../commands/group/group-answers.ts';
import { GroupCommandAudit } from '../../commands/group/group-command-audit.ts';
import { GroupCommands } from '../../commands/group/group-commands.ts';
import { createGroupOperations, type GroupOperations } from '../../commands/group/group-operations.ts';
import { MqttGroupRequests } from '../../commands/group/mqtt-group-requests.ts';
import type { OpenGroupCommands } from '../../commands/group/open-group-commands.ts';
import { RemoteStates } from '../../commands/remote-states.ts';
import type { StatusPublisher } from '../../commands/status-publisher.ts';
import type { Log } from '../../kernel/log.ts';
import { Followers } from '../../kernel/followers.ts';
import type { Releasers } from '../../kernel/releasers.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { Registry } from '../../registry/registry.ts';
import type { HubState } from '../state-wiring.ts';

interface Deps {
  clock: Clock;
  random: () => number;
  log: Log;
  releasers: Releasers;
  state: HubState;
  registry: Registry;
  topics: Topics;
  audit: CommandAudit;
  statuses: StatusPublisher;
  dispatcher: Dispatcher;
  open: OpenGroupCommands;
  waits: CommandWaits;
  counters: CommandCounters;
  hasOtherHubs: () => boolean;
}

export interface GroupCommandParts {
  followers: Followers<GroupCommandFollower>;
  groupCommands: GroupCommands;
  answers: GroupAnswers;
  requests: MqttGroupRequests;
  /** To the operators' API. */
  operations: GroupOperations;
}

/** Commands to many devices: journal → dispatcher → report, and the requests for them. */
export async function startGroupCommands(deps: Deps): Promise<GroupCommandParts> {
  const { clock, registry, releasers, audit, dispatcher, open, waits } = deps;
  const { shared } = deps.state;
  const journal = deps.state.stores.groupCommands;
  const several = shared !== undefined;
  const answers = new GroupAnswers({ ...deps, journal, several });
  releasers.push('group answers', () => answers.close());
  const followers = new Followers<GroupCommandFollower>();
  followers.follow(new GroupCommandAudit(deps.state.audit), answers);
  const select = (text: string) => registry.select(text);
  const groupCommands = new GroupCommands({
    ...deps,
    journal,
    select,
    followers: followers.all,
    several,
  });
  await groupCommands.start();
  releasers.push('group commands', () => groupCommands.close());
  if (shared !== undefined) {
    const { journal: states } = shared.stores;
    const isHere = ({ device, id }: { device: string; id: string }) => dispatcher.has(device, id);
    const remote = new RemoteStates({ ...deps, journal: states, isHere, watchers: [waits, open] });
    releasers.push('commands of other hubs', remote.start());
  }
  return {
    followers,
    groupCommands,
    answers,
    requests: new MqttGroupRequests({ ...deps, journal, groupCommands, answers }),
    operations: createGroupOperations({ groupCommands, audit, journal, now: () => clock.now(), select }),
  };
}
