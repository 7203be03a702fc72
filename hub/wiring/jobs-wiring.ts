import { parseCron } from '../adapters/cron.ts';
import { loadTicketKeys } from '../adapters/tls/tls-tickets.ts';
import type { Notices } from '../notices/notices.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import { HubError } from '../kernel/errors.ts';
import type { DeviceListener } from '../adapters/websocket/device-listener.ts';
import type { Metrics } from '../kernel/metrics.ts';
import { exposeScheduler } from '../schedules/scheduler-metrics.ts';
import { Scheduler } from '../schedules/scheduler.ts';
import type { HubContext } from './context.ts';
import type { Telemetry } from './telemetry-wiring.ts';

interface Deps {
  telemetry: Telemetry;
  presence: PresenceKeeper;
  notices: Notices;
  listener: DeviceListener;
}

/** What the hub does by itself at set times. */
export function startJobs(
  { config, clock, log, releasers }: HubContext,
  { telemetry, presence, notices, listener }: Deps,
): { expose(metrics: Metrics): void } {
  const { notice, dataDir } = config;
  const { upkeep, presence: recorder } = telemetry;
  const scheduler = new Scheduler({ clock, log });
  releasers.push('scheduler', () => scheduler.close());
  const add = (name: string, cron: string, run: () => void | Promise<void>): void => {
    const times = parseCron(cron);
    if (times === undefined) throw new HubError('config-invalid', `${cron} is not a cron expression`);
    scheduler.add({ name, times, timeZone: 'UTC', run });
  };

  add('presence-snapshot', '*/5 * * * *', () => recorder.snapshot(presence.all(), clock.now()));
  // Stopped before the scheduler, which waits for a run under way.
  releasers.push('upkeep', () => upkeep.close());
  add('upkeep', '* * * * *', () => upkeep.run());
  if (notice !== undefined) {
    add('notice', notice.cron, async () => {
      const { report } = await notices.push({ to: 'all', topic: 'notice', data: notice.payload });
      log.debug(report, 'notice sent');
    });
  }
  add('tls-ticket-keys', '17 4 * * *', async () =>
    listener.setTicketKeys(await loadTicketKeys(dataDir, clock.now())),
  );
  return { expose: (metrics) => exposeScheduler(metrics, scheduler) };
}
