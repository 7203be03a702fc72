import { parseCron } from '../adapters/cron.ts';
import { createScheduleStore } from '../adapters/sqlite/sqlite-schedule-store.ts';
import type { GroupCommands } from '../commands/group/group-commands.ts';
import { checkScheduled, sendScheduled } from '../commands/group/scheduled-command.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Metrics } from '../kernel/metrics.ts';
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
  { clock, log, releasers }: HubContext,
  deps: {
    state: HubState;
    registry: Registry;
    hubClock: HubClock;
    groupCommands: GroupCommands;
    notices: Pick<Notices, 'sendWithJitter'>;
    incidents: Incidents;
  },
): Promise<{ schedules: Schedules; expose(metrics: Metrics): void }> {
  const { registry, groupCommands, notices, incidents, hubClock } = deps;
  const typeOf = (device: string): string => registry.get(device)?.type ?? '';
  const schedules = new Schedules({
    clock,
    log,
    parseCron,
    store: createScheduleStore(deps.state.database),
    check: ({ to, action }) =>
      action.kind === 'notice'
        ? selectDevices(registry, to).length
        : checkScheduled({ groupCommands, typeOf }, { ...action, to }),
    refused: (name, raised) => incidents.scheduleRefused(name, raised),
    command: ({ name: schedule, to, jitterMs }, action, id) =>
      sendScheduled(groupCommands, { ...action, schedule, id, to, jitterMs }),
    clockTrusted: () => !hubClock.unusable,
    runs: (id) => groupCommands.runs(id),
    notice({ name, to, jitterMs }, { topic, data }) {
      notices.sendWithJitter({ to, topic, data }, jitterMs).then(
        ({ report }) => log.debug({ schedule: name, ...report }, 'scheduled notice sent'),
        (error: unknown) =>
          log.warn({ schedule: name, reason: messageOf(error) }, 'scheduled notice not sent'),
      );
    },
  });
  await schedules.start();
  hubClock.follow(() => {
    schedules.clockBelieved().catch((error: unknown) => {
      log.error({ reason: messageOf(error) }, 'schedules could not be set to the right time');
    });
  });
  releasers.push('schedules', () => schedules.close());
  return { schedules, expose: (metrics) => exposeSchedules(metrics, schedules) };
}
