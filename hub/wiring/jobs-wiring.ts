import { parseCron } from '../adapters/cron.ts';
import { loadTicketKeys } from '../adapters/tls/tls-tickets.ts';
import type { DeviceListener } from '../adapters/websocket/device-listener.ts';
import type { Notices } from '../notices/notices.ts';
import { hubJobs, type HubWork } from '../schedules/hub-jobs.ts';
import { exposeScheduler } from '../schedules/scheduler-metrics.ts';
import { Scheduler } from '../schedules/scheduler.ts';
import type { FirmwareRecorder } from '../telemetry/recorders/firmware-recorder.ts';
import type { PresenceRecorder } from '../telemetry/recorders/presence-recorder.ts';
import type { HubContext } from './context.ts';
import type { PresenceParts } from './presence-wiring.ts';
import type { HubState } from './state-wiring.ts';
import type { Telemetry } from './telemetry-wiring.ts';

interface Deps {
  state: Pick<HubState, 'leader'>;
  telemetry: Telemetry;
  presence: PresenceParts;
  presenceRecorder: PresenceRecorder;
  firmwareRecorder: FirmwareRecorder;
  notices: Notices;
  listener: DeviceListener;
}

/** What the hub does by itself at set times. */
export function startJobs({ config, clock, log, metrics, releasers }: HubContext, deps: Deps): void {
  const { notices, listener, presenceRecorder, firmwareRecorder } = deps;
  const { keeper } = deps.presence;
  const { upkeep } = deps.telemetry;
  const scheduler = new Scheduler({ clock, log });
  releasers.push('scheduler', () => scheduler.close());
  // Stopped before the scheduler, which waits for a run under way.
  releasers.push('upkeep', () => upkeep.close());
  const work: HubWork = {
    recordPresence: () => presenceRecorder.snapshot(keeper.all(), clock.now()),
    recordFirmware: () => firmwareRecorder.snapshot(clock.now()),
    upkeep: () => deps.state.leader.run(() => upkeep.run()),
    renewTicketKeys: async () => listener.setTicketKeys(await loadTicketKeys(config.dataDir, clock.now())),
    notice: config.notice,
    pushNotice: (notice, actor) =>
      deps.state.leader.run(async () => void (await notices.push(notice, actor))),
  };
  for (const job of hubJobs(work, parseCron)) scheduler.add(job);
  scheduler.start();
  exposeScheduler(metrics, scheduler);
}
