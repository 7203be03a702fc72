import { parseCron } from './adapters/cron.ts';
import { serveCommands } from './adapters/http-commands.ts';
import { serveGroups } from './adapters/http-groups.ts';
import { serveSchedules } from './adapters/http-schedules.ts';
import { commandStore } from './adapters/command-store.ts';
import { rolloutStore } from './adapters/rollout-store.ts';
import { createScheduleStore } from './adapters/schedule-store.ts';
import type { Database } from './adapters/sqlite.ts';
import type { AdminDeps } from './adapters/http.ts';
import type { Auditor } from './audit/audit.ts';
import type { Publisher } from './commands/bus.ts';
import {
  commandView,
  createCommandOperations,
  type CommandOperations,
} from './commands/command-operations.ts';
import { CommandWaits } from './commands/command-waits.ts';
import { isFinal, type Command } from './commands/command.ts';
import { startDispatcher, type Dispatcher } from './commands/dispatcher.ts';
import { GroupDoor } from './commands/group-door.ts';
import {
  createGroupOperations,
  groupCommandView,
  type GroupOperations,
} from './commands/group-operations.ts';
import type { DeviceDirectory } from './commands/peer.ts';
import { isSettled } from './commands/rollout.ts';
import type { RolloutRecord } from './commands/rollout-journal.ts';
import { Rollouts } from './commands/rollouts.ts';
import { CommandStages } from './commands/stages.ts';
import { topicsOf } from './commands/topics.ts';
import type { LiveFeed } from './devices/live-feed.ts';
import type { Registry } from './devices/registry.ts';
import { parseSelector, selects } from './devices/selector.ts';
import type { Log } from './kernel/log.ts';
import type { Releasers } from './kernel/releasers.ts';
import type { Clock } from './kernel/time.ts';
import type { Schedule, ScheduledAction } from './schedules/schedule.ts';
import { Schedules } from './schedules/schedules.ts';
import type { Books } from './telemetry/books.ts';
import { CommandRecorder } from './telemetry/command-recorder.ts';
import type { Writer } from './telemetry/writer.ts';

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
  directory: DeviceDirectory;
  publisher: Publisher;
  audit: Auditor;
  releasers: Releasers;
  writer: Writer;
  books: Books;
  /** Who watches the console's pages. */
  feed: LiveFeed;
}

/** Far above any fleet: a schedule that names no wave is one wave, and no failure stops it. */
const unlimited = 100_000;

/** Everything about commands: journal → device → answer, groups, schedules, and their doors. */
export async function startCommandParts(deps: Deps, options: { root: string }): Promise<CommandParts> {
  const { clock, random, log, state, registry, publisher, audit, releasers } = deps;
  const journal = commandStore(state);
  const waits = new CommandWaits(clock);
  const stages = new CommandStages();
  const recorder = new CommandRecorder({ ...deps, recordOf: (deviceId) => registry.get(deviceId) });
  let rollouts: Rollouts | undefined;
  const dispatcher = await startDispatcher(
    {
      clock,
      random,
      log,
      publisher,
      journal,
      directory: deps.directory,
      watch: (command) => {
        stages.observe(command);
        recorder.record(command);
        auditCommand(audit, command);
        waits.observe(command);
        tellCommand(deps.feed, command);
        rollouts?.observe(command);
      },
    },
    options,
  );
  releasers.push('dispatcher', () => dispatcher.close());
  releasers.push('command waits', () => waits.close());

  const rolloutJournal = rolloutStore(state, isSettled);
  let door: GroupDoor | undefined;
  rollouts = new Rollouts({
    clock,
    random,
    log,
    journal: rolloutJournal,
    dispatcher,
    select: (text) => selected(registry, text),
    told: (record) => {
      auditRollout(audit, record);
      tellRollout(deps.feed, record, clock);
      door?.told(record);
    },
  });
  const topics = topicsOf(options.root);
  door = new GroupDoor({ clock, random, log, topics, publisher, journal: rolloutJournal, rollouts });
  await rollouts.restore();
  const running = rollouts;
  releasers.push('group commands', () => running.close());
  dispatcher.serveGroups(door);

  const schedules = new Schedules({
    clock,
    log,
    parseCron,
    store: createScheduleStore(state),
    checkSelector,
    command: (schedule, action, id) => startScheduled(running, schedule, action, id),
    runs: (id) => running.runs(id),
    notice: (schedule, action) =>
      sendNotices({ registry, clock, random }, selected(registry, schedule.to), schedule, action),
  });
  await schedules.start();
  releasers.push('schedules', () => schedules.close());

  const commands = createCommandOperations({ dispatcher, journal, waits });
  const groups = createGroupOperations({
    rollouts,
    journal: rolloutJournal,
    now: () => clock.now(),
    checkSelector,
  });
  return {
    dispatcher,
    schedules,
    stages,
    routes: routesOf(commands, groups, schedules),
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
function tellRollout(feed: LiveFeed, { rollout, targets }: RolloutRecord, clock: Clock): void {
  feed.tell('commands', rollout.id, (mayShow = () => true) => {
    const visible = targets.filter(({ device }) => mayShow(device));
    if (visible.length === 0) return undefined;
    return { t: 'rollout', rollout: groupCommandView({ rollout, targets: visible }, clock.now()) };
  });
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

/** Who asked, and every state since. */
function auditCommand(audit: Auditor, command: Command): void {
  const { device, id, name, status, reason, params, origin, cancelRequested } = command;
  // One that comes to nothing has ended with its first entry in the journal.
  const atOnce = isFinal(status) && command.changedMs === command.acceptedMs && command.sent === undefined;
  const accepted = status === 'accepted' || atOnce;
  void audit.record({
    actor: accepted ? (origin?.actor ?? 'hub') : 'hub',
    door: accepted ? (origin?.door ?? 'hub') : 'hub',
    action: accepted ? 'command.send' : 'command.status',
    subject: `${device}/${id}`,
    outcome: status,
    details: {
      name,
      ...(accepted ? { params } : {}),
      ...(cancelRequested ? { cancelRequested } : {}),
      ...(reason === undefined ? {} : { reason }),
    },
  });
}

function auditRollout(audit: Auditor, { rollout, targets }: RolloutRecord): void {
  const { id, to, name, params, status, reason, origin } = rollout;
  void audit.record({
    ...origin,
    action: 'group-command',
    subject: id,
    outcome: status,
    details: { to, name, params, devices: targets.length, ...(reason === undefined ? {} : { reason }) },
  });
}

async function startScheduled(
  rollouts: Rollouts,
  { name: schedule, to, jitterMs }: Schedule,
  action: ScheduledAction & { kind: 'command' },
  id: string,
): Promise<{ kind: 'sent' } | { kind: 'later' | 'refused'; reason: string }> {
  const { name, params, ttlMs, wave = unlimited, maxFailures = unlimited } = action;
  const submission = await rollouts.start(
    {
      to,
      name,
      id,
      params,
      pace: { wave, maxFailures, jitterMs },
      ...(ttlMs === undefined ? {} : { ttlMs }),
    },
    { origin: { door: 'schedule', actor: `schedule:${schedule}` } },
  );
  if (submission.kind !== 'refused') return { kind: 'sent' };
  const { reason } = submission.refusal;
  return { kind: reason === 'too-many' || reason === 'unavailable' ? 'later' : 'refused', reason };
}

/** Each device at a moment of its own within the jitter; one without a session misses it. */
function sendNotices(
  { registry, clock, random }: { registry: Registry; clock: Clock; random: () => number },
  devices: readonly string[],
  { jitterMs }: Schedule,
  { topic, data }: ScheduledAction & { kind: 'notice' },
): void {
  const text = JSON.stringify({ type: 'notice', topic, data });
  const send = (id: string): void => {
    const session = registry.session(id);
    if (session?.isOpen === true) session.notice(text);
  };
  for (const id of devices) {
    if (jitterMs === 0) send(id);
    else clock.after(random() * jitterMs, () => send(id));
  }
}
