import { randomBytes } from 'node:crypto';
import { parseCron } from '../../adapters/cron.ts';
import {
  checkScheduled,
  findScheduled,
  scheduledReport,
  sendScheduled,
} from '../../commands/group/scheduled-command.ts';
import type { Notices } from '../../notices/notices.ts';
import type { Incidents } from '../../incidents/incidents.ts';
import type { Registry } from '../../registry/registry.ts';
import { exposeSchedules } from '../../schedules/schedule-metrics.ts';
import { Schedules } from '../../schedules/schedules.ts';
import type { HubClock } from '../../telemetry/clock/hub-clock.ts';
import type { CommandParts } from './commands-wiring.ts';
import type { HubContext } from '../context.ts';
import type { HubState } from '../state-wiring.ts';

/** Commands and notices at their times. */
export async function startSchedules(
  { clock, log, metrics, releasers }: HubContext,
  deps: {
    state: HubState;
    registry: Registry;
    telemetry: { hubClock: HubClock };
    commands: Pick<CommandParts, 'groupCommands' | 'follow'>;
    notices: Pick<Notices, 'sendScheduled'>;
    incidents: { keeper: Incidents };
  },
): Promise<Schedules> {
  const { registry, notices, incidents, commands } = deps;
  const { groupCommands } = commands;
  const { hubClock } = deps.telemetry;
  const types = () => deps.state.catalog.all();
  const schedules = new Schedules({
    clock,
    log,
    newRunKey: () => randomBytes(16).toString('base64url'),
    parseCron,
    store: deps.state.stores.schedules,
    select: (selector) => registry.select(selector),
    checkCommand: (to, action) => checkScheduled({ groupCommands, registry, types }, { ...action, to }),
    refused: (name, raised) => incidents.keeper.scheduleRefused(name, raised),
    command: ({ name: schedule, to, jitterMs }, action, id) =>
      sendScheduled(groupCommands, { ...action, schedule, id, to, jitterMs }),
    clockTrusted: () => !hubClock.unusable,
    runs: (id) => groupCommands.runs(id),
    runReport: (id) => findScheduled(groupCommands, id),
    notice: ({ name, to, jitterMs }, { topic, data }) =>
      notices.sendScheduled(name, { to, topic, data }, jitterMs),
  });
  commands.follow({
    commandChanged: () => undefined,
    groupCommandChanged: (record) => schedules.runReported(record.groupCommand.id, scheduledReport(record)),
  });
  await deps.state.leader.begin('schedules', () => schedules.start());
  hubClock.follow(() => void schedules.clockBelieved());
  releasers.push('schedules', () => schedules.close());
  exposeSchedules(metrics, schedules);
  return schedules;
}
