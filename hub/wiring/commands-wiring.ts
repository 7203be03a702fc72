import type { AdminDeps } from '../adapters/http/admin-server.ts';
import { serveCommands } from '../adapters/http/command-routes.ts';
import { createAuditBeside } from '../adapters/sqlite/sqlite-audit-store.ts';
import { createCommandStore } from '../adapters/sqlite/sqlite-command-store.ts';
import type { Database } from '../adapters/sqlite/sqlite.ts';
import type { LiveCommands } from '../admin/live-commands.ts';
import type { Auditor } from '../audit/audit.ts';
import type { BusHandlers, Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { CommandWatcher } from '../commands/answers.ts';
import { CommandAudit, stateEvent } from '../commands/command-audit.ts';
import { newCommandCounters } from '../commands/command-counters.ts';
import { exposeCommands } from '../commands/command-metrics.ts';
import { createCommandOperations } from '../commands/command-operations.ts';
import type { DeviceDirectory } from '../commands/command-session.ts';
import { CommandWaits } from '../commands/command-waits.ts';
import { startDispatcher, type Dispatcher } from '../commands/dispatcher.ts';
import type { GroupCommands } from '../commands/group-commands.ts';
import { MqttRequests } from '../commands/mqtt-requests.ts';
import { OpenGroupCommands } from '../commands/open-group-command.ts';
import { CommandStages } from '../commands/stages.ts';
import { StatusPublisher } from '../commands/status-publisher.ts';
import type { Log } from '../kernel/log.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import type { Registry } from '../registry/registry.ts';
import { startGroupCommands } from './group-commands-wiring.ts';

export interface CommandParts extends Pick<BusHandlers, 'message'> {
  dispatcher: Dispatcher;
  groupCommands: GroupCommands;
  /** The routes of the operators' API. */
  routes: NonNullable<AdminDeps['routes']>;
  /** The broker is there, for the first time or again. */
  busConnected(): void;
  expose(metrics: Metrics): void;
}

interface Deps {
  clock: Clock;
  random: () => number;
  log: Log;
  state: Database;
  registry: Registry;
  directory: DeviceDirectory;
  publisher: Publisher;
  topics: Topics;
  audit: Auditor;
  releasers: Releasers;
  live: LiveCommands;
  /** Writes each state of a command to the metrics store. */
  recorder: CommandWatcher;
  /** Called when the journal is resumed, before anything is asked of it. */
  restored: (dispatcher: Dispatcher) => Promise<void>;
}

/** Everything about commands: journal → device → answer, groups, and the requests for them. */
export async function startCommands(deps: Deps): Promise<CommandParts> {
  const { clock, state, live, releasers } = deps;
  const counters = newCommandCounters();
  const audit = new CommandAudit(deps.audit, counters);
  const statuses = new StatusPublisher({ ...deps, counters });
  const beside = createAuditBeside();
  const journal = createCommandStore(state, (command, first) =>
    beside(deps.audit.entryOf(stateEvent(command, first))),
  );

  const stages = new CommandStages();
  const waits = new CommandWaits(clock);
  const open = new OpenGroupCommands();
  const watchers = [stages, deps.recorder, audit, waits, live, open];
  const dispatcher = await startDispatcher({ ...deps, journal, audit, statuses, counters, watchers });
  releasers.push('dispatcher', () => dispatcher.close());
  await deps.restored(dispatcher);
  releasers.push('command waits', () => waits.close());

  const groups = await startGroupCommands({ ...deps, audit, statuses, dispatcher, open });
  const requests = new MqttRequests({
    ...deps,
    journal,
    audit,
    statuses,
    dispatcher,
    groups: groups.requests,
  });
  const operations = createCommandOperations({ dispatcher, journal, audit, waits });
  return {
    dispatcher,
    groupCommands: groups.groupCommands,
    routes: [(app) => serveCommands(app, operations), ...groups.routes],
    message: (message) => requests.message(message),
    busConnected() {
      dispatcher.busConnected();
      groups.answers.busConnected();
    },
    expose: (metrics) => exposeCommands(metrics, { dispatcher, stages }),
  };
}
