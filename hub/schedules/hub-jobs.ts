import { HubError } from '../kernel/errors.ts';
import type { CronFields } from './cron-fields.ts';
import type { Job } from './scheduler.ts';

/** What the hub does by itself. */
export interface HubWork {
  recordPresence: () => void;
  recordFirmware: () => void;
  upkeep: () => Promise<void>;
  renewTicketKeys: () => Promise<void>;
  /** The configured notice, if there is one. */
  notice: { readonly cron: string; readonly payload: unknown } | undefined;
  pushNotice: (notice: { to: string; topic: string; data: unknown }, actor: string) => Promise<unknown>;
}

/** The hub's own jobs with their times, in UTC. @throws HubError `config-invalid` */
export function hubJobs(work: HubWork, parseCron: (expression: string) => CronFields | undefined): Job[] {
  const at = (name: string, cron: string, run: () => unknown): Job => {
    const times = parseCron(cron);
    if (times === undefined) throw new HubError('config-invalid', `${cron} is not a cron expression`);
    return { name, times, timeZone: 'UTC', run: async () => void (await run()) };
  };
  const { notice } = work;
  const pushNotice = (): Promise<unknown> =>
    work.pushNotice({ to: 'all', topic: 'notice', data: notice?.payload }, 'hub');
  return [
    at('presence-snapshot', '*/5 * * * *', work.recordPresence),
    at('firmware-snapshot', '*/5 * * * *', work.recordFirmware),
    at('upkeep', '* * * * *', work.upkeep),
    ...(notice === undefined ? [] : [at('notice', notice.cron, pushNotice)]),
    at('tls-ticket-keys', '17 4 * * *', work.renewTicketKeys),
  ];
}
