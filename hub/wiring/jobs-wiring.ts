import { parseCron } from '../adapters/cron.ts';
import { loadTicketKeys } from '../adapters/tls/tls-tickets.ts';
import type { Config } from '../config/config.ts';
import type { Notices } from '../notices/notices.ts';
import type { PresenceKeeper } from '../presence/presence-keeper.ts';
import { HubError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import { Scheduler } from '../schedules/scheduler.ts';
import type { PresenceRecorder } from '../telemetry/presence-recorder.ts';
import type { Upkeep } from '../telemetry/upkeep.ts';

interface Deps {
  clock: Clock;
  log: Log;
  presence: PresenceKeeper;
  recorder: PresenceRecorder;
  upkeep: Upkeep;
  notices: Notices;
  /** Takes new keys for TLS session tickets. */
  setTicketKeys: (keys: Buffer) => void;
  releasers: Releasers;
}

/** What the hub does by itself at set times. */
export function startJobs(
  config: Pick<Config, 'notice' | 'dataDir'>,
  { clock, log, presence, recorder, upkeep, notices, setTicketKeys, releasers }: Deps,
): { scheduler: Scheduler } {
  const { notice, dataDir } = config;
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
  add('tls-ticket-keys', '17 4 * * *', async () => setTicketKeys(await loadTicketKeys(dataDir, clock.now())));
  return { scheduler };
}
