import { randomBytes } from 'node:crypto';
import { parseCron } from '../adapters/cron.ts';
import { createScheduleStore } from '../adapters/sqlite/sqlite-schedule-store.ts';
import type { GroupCommands } from '../commands/group/group-commands.ts';
import { checkScheduled, sendScheduled } from '../commands/group/scheduled-command.ts';
import type { Notices } from '../notices/notices.ts';
import type { Incidents } from '../incidents/incidents.ts';
import type { Registry } from '../registry/registry.ts';
import { selectDevices } from '../registry/selector.ts';
import { exposeSchedules } from '../schedules/schedule-metrics.ts';
import { Schedules } from '../schedules/schedules.ts';
import type { HubClock } from '../telemetry/clock/hub-clock.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';

/** Commands and notices at their times. */
export async function startSchedules(
  { clock, log, metrics, releasers }: HubContext,
  deps: {
    state: HubState;
    registry: Registry;
    telemetry: { hubClock: HubClock };
    commands: { groupCommands: GroupCommands };
    notices: Pick<Notices, 'sendScheduled'>;
    incidents: { keeper: Incidents };
  },
): Promise<Schedules> {
  const { registry, notices, incidents } = deps;
  const { groupCommands } = deps.commands;
  const { hubClock } = deps.telemetry;
  const typeOf = (device: string): string => registry.get(device)?.type ?? '';
  const schedules = new Schedules({
    clock,
    log,
    newRunKey: () => randomBytes(6).toString('base64url'),
    parseCron,
    store: createScheduleStore(deps.state.database),
    check: ({ to, action }) =>
      action.kind === 'notice'
        ? selectDevices(registry, to).length
        : checkScheduled({ groupCommands, typeOf }, { ...action, to }),
    refused: (name, raised) => incidents.keeper.scheduleRefused(name, raised),
    command: ({ name: schedule, to, jitterMs }, action, id) =>
      sendScheduled(groupCommands, { ...action, schedule, id, to, jitterMs }),
    clockTrusted: () => !hubClock.unusable,
    runs: (id) => groupCommands.runs(id),
    notice: ({ name, to, jitterMs }, { topic, data }) =>
      notices.sendScheduled(name, { to, topic, data }, jitterMs),
  });
  await schedules.start();
  hubClock.follow(() => void schedules.clockBelieved());
  releasers.push('schedules', () => schedules.close());
  exposeSchedules(metrics, schedules);
  return schedules;
}
