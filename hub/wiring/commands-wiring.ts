import type { ScheduledAction } from '../../schemas/api/schedules.ts';
import { parseCron } from '../adapters/cron.ts';
import { serveCommands } from '../adapters/http/command-routes.ts';
import { serveGroups } from '../adapters/http/group-routes.ts';
import { serveSchedules } from '../adapters/http/schedule-routes.ts';
import { createAuditBeside } from '../adapters/sqlite/sqlite-audit-store.ts';
import { createCommandStore } from '../adapters/sqlite/sqlite-command-store.ts';
import { createGroupCommandStore } from '../adapters/sqlite/sqlite-group-command-store.ts';
import { createScheduleStore } from '../adapters/sqlite/sqlite-schedule-store.ts';
import type { Database } from '../adapters/sqlite/sqlite.ts';
import type { AdminDeps } from '../adapters/http/admin-server.ts';
import { hubItself, type Auditor } from '../audit/audit.ts';
import type { Publisher } from '../bus/bus.ts';
import {
  commandView,
  createCommandOperations,
  type CommandOperations,
} from '../commands/command-operations.ts';
import { CommandWaits } from '../commands/command-waits.ts';
import { stateEvent } from '../commands/command-audit.ts';
import type { Command } from '../commands/command.ts';
import { startDispatcher, type Dispatcher } from '../commands/dispatcher.ts';
import { GroupDoor } from '../commands/mqtt-group-requests.ts';
import {
  createGroupOperations,
  groupCommandView,
  type GroupOperations,
} from '../commands/group-operations.ts';
import type { CommandJournal } from '../commands/journal.ts';
import type { DeviceDirectory } from '../commands/command-session.ts';
import { isSettled } from '../commands/group-command.ts';
import type { GroupCommandRecord } from '../commands/group-command-journal.ts';
import { GroupCommands } from '../commands/group-commands.ts';
import { CommandStages } from '../commands/stages.ts';
import { topicsOf } from '../bus/topics.ts';
import type { LiveFeed } from '../admin/live-feed.ts';
import type { Notices } from '../notices/notices.ts';
import type { Registry } from '../registry/registry.ts';
import { parseSelector, selects } from '../registry/selector.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import type { Schedule } from '../schedules/schedule.ts';
import { Schedules } from '../schedules/schedules.ts';
import type { Books } from '../telemetry/ledger.ts';
import { CommandRecorder } from '../telemetry/command-recorder.ts';
import type { Writer } from '../telemetry/writer.ts';

export interface CommandParts {
  dispatcher: Dispatcher;
  schedules: Schedules;
  stages: CommandStages;
  /** The routes of the operators' API. */
  routes: NonNullable<AdminDeps['routes']>;
  /** The broker is there, for the first time or again. */
  busConnected(): void;
}

interface Deps {
  clock: Clock;
  random: () => number;
  log: Log;
  state: Database;
  registry: Registry;
  notices: Pick<Notices, 'spread'>;
  directory: DeviceDirectory;
  publisher: Publisher;
  audit: Auditor;
  releasers: Releasers;
  writer: Writer;
  books: Books;
  /** Called when the journal is taken up, before anything is asked of it. */
  restored: (dispatcher: Dispatcher) => Promise<void>;
  /** Who watches the console's pages. */
  feed: LiveFeed;
}

/** Far above any fleet: a schedule that names no wave is one wave, and no failure stops it. */
const unlimited = 100_000;

/** Everything about commands: journal → device → answer, groups, schedules, and their doors. */
export async function startCommandParts(deps: Deps, options: { root: string }): Promise<CommandParts> {
  const { clock, random, log, state, registry, publisher, audit, releasers } = deps;
  const journal = auditedJournal(state, audit);
  const waits = new CommandWaits(clock);
  const stages = new CommandStages();
  const recorder = new CommandRecorder({ ...deps, recordOf: (deviceId) => registry.get(deviceId) });
  let groupCommands: GroupCommands | undefined;
  const dispatcher = await startDispatcher(
    {
      clock,
      random,
      log,
      publisher,
      journal,
      audit,
      directory: deps.directory,
      watch: (command) => {
        stages.observe(command);
        recorder.record(command);
        audit.noted(1);
        waits.observe(command);
        tellCommand(deps.feed, command);
        groupCommands?.observe(command);
      },
    },
    options,
  );
  releasers.push('dispatcher', () => dispatcher.close());
  await deps.restored(dispatcher);
  releasers.push('command waits', () => waits.close());

  const groupJournal = createGroupCommandStore(state, isSettled);
  let door: GroupDoor | undefined;
  groupCommands = new GroupCommands({
    clock,
    random,
    log,
    journal: groupJournal,
    dispatcher,
    select: (text) => selected(registry, text),
    told: (record) => {
      auditGroupCommand(audit, record);
      publishGroupCommand(deps.feed, record, clock);
      door?.told(record);
    },
  });
  door = new GroupDoor({
    clock,
    random,
    log,
    topics: topicsOf(options.root),
    publisher,
    journal: groupJournal,
    groupCommands,
    dispatcher,
  });
  await groupCommands.restore();
  const running = groupCommands;
  releasers.push('group commands', () => running.close());
  dispatcher.serveGroups(door);

  const schedules = schedulesOf(deps, running);
  await schedules.start();
  releasers.push('schedules', () => schedules.close());

  const groups = createGroupOperations({
    groupCommands,
    dispatcher,
    journal: groupJournal,
    now: () => clock.now(),
    checkSelector,
  });
  return {
    dispatcher,
    schedules,
    stages,
    routes: routesOf(createCommandOperations({ dispatcher, journal, waits }), groups, schedules),
    busConnected() {
      dispatcher.busConnected();
      void door?.busConnected();
    },
  };
}

function routesOf(
  commands: CommandOperations,
  groups: GroupOperations,
  schedules: Schedules,
): CommandParts['routes'] {
  return [
    (app) => serveCommands(app, commands),
    (app) => serveGroups(app, groups),
    (app) => serveSchedules(app, schedules),
  ];
}

function tellCommand(feed: LiveFeed, command: Command): void {
  const { device, id } = command;
  feed.tell('commands', `${device}/${id}`, (mayShow = () => true) =>
    mayShow(device) ? { t: 'command', command: commandView(command) } : undefined,
  );
}

/** Who may not see every device sees its own part of it. */
function publishGroupCommand(feed: LiveFeed, record: GroupCommandRecord, clock: Clock): void {
  feed.tell('commands', record.groupCommand.id, (mayShow) => {
    const view = groupCommandView(record, clock.now(), mayShow);
    return view.devices.length === 0 ? undefined : { t: 'group-command', groupCommand: view };
  });
}

/** Commands and notices at their times. */
function schedulesOf({ clock, log, state, notices }: Deps, groupCommands: GroupCommands): Schedules {
  return new Schedules({
    clock,
    log,
    parseCron,
    store: createScheduleStore(state),
    checkSelector,
    command: (schedule, action, id) => startScheduled(groupCommands, schedule, action, id),
    runs: (id) => groupCommands.runs(id),
    notice({ name, to, jitterMs }, { topic, data }) {
      notices.spread({ to, topic, data }, jitterMs).then(
        ({ report }) => log.debug({ schedule: name, ...report }, 'scheduled notice sent'),
        (error: unknown) =>
          log.warn({ schedule: name, reason: messageOf(error) }, 'scheduled notice not sent'),
      );
    },
  });
}

/** The journal, which writes with each state of a command its entry in the audit. */
function auditedJournal(state: Database, audit: Auditor): CommandJournal {
  const beside = createAuditBeside();
  return createCommandStore(state, (command, first) => beside(audit.entryOf(stateEvent(command, first))));
}

/** Throws for what is no selector. */
function checkSelector(text: string): void {
  parseSelector(text);
}

/** The devices a selector means now, by id. */
function selected(registry: Registry, text: string): string[] {
  const selector = parseSelector(text);
  const chosen = registry.all().filter((record) => !record.disabled && selects(selector, record));
  return chosen.map(({ id }) => id);
}

/** Who asked for a group command, and how it ended; each of its commands has entries of its own. */
function auditGroupCommand(audit: Auditor, { groupCommand, targets }: GroupCommandRecord): void {
  const { id, to, name, params, status, reason, requester } = groupCommand;
  const begins = status === 'running';
  if (begins && targets.some((target) => target.status !== 'waiting')) return;
  void audit.record({
    ...(begins ? requester : hubItself),
    action: begins ? 'group-command.send' : 'group-command.status',
    subject: id,
    outcome: status,
    details: { to, name, params, devices: targets.length, ...(reason === undefined ? {} : { reason }) },
  });
}

async function startScheduled(
  groupCommands: GroupCommands,
  { name: schedule, to, jitterMs }: Schedule,
  action: ScheduledAction & { kind: 'command' },
  id: string,
): Promise<{ kind: 'sent' } | { kind: 'later' | 'refused'; reason: string }> {
  const { name, params, ttlMs, wave = unlimited, maxFailures = unlimited } = action;
  const submission = await groupCommands.start(
    {
      to,
      name,
      id,
      params,
      pace: { wave, maxFailures, jitterMs },
      ...(ttlMs === undefined ? {} : { ttlMs }),
    },
    { requester: { origin: 'schedule', actor: `schedule:${schedule}` } },
  );
  if (submission.kind !== 'refused') return { kind: 'sent' };
  const { reason } = submission.refusal;
  return { kind: reason === 'too-many' || reason === 'unavailable' ? 'later' : 'refused', reason };
}
