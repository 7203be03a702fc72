import type { Metrics } from '../kernel/metrics.ts';
import type { Liveness } from './liveness.ts';
import type { PresenceAnnouncer } from './presence-announcer.ts';
import type { PresenceKeeper } from './presence-keeper.ts';

export interface MeasuredPresence {
  keeper: PresenceKeeper;
  announcer: PresenceAnnouncer;
  liveness: Liveness;
  /** Of several hubs, one speaks for all devices, so that sums are right. */
  speaks: () => boolean;
}

export function exposePresence(
  metrics: Metrics,
  { keeper, announcer, liveness, speaks }: MeasuredPresence,
): void {
  const online = () => (speaks() ? keeper.counts().online : {});
  metrics.gauge('hub_devices_online', 'Devices whose presence is online', online);
  metrics.gauge('hub_devices', 'Devices by presence', () => (speaks() ? keeper.counts() : {}), 'state');
  metrics.counter(
    'hub_presence_changes_dropped_total',
    'Presence changes not published on the bus',
    () => announcer.droppedChanges,
  );
  metrics.counter(
    'hub_presence_state_failures_total',
    'Retained presence the bus did not take; published with the next change',
    () => announcer.stateFailures,
  );
  metrics.counter(
    'hub_presence_save_failures_total',
    'Presence changes not saved',
    () => keeper.saveFailures,
  );
  metrics.counter(
    'hub_presence_not_ours_total',
    'Presence changes neither saved nor published, because the device is removed or not ours',
    () => keeper.notOurs,
  );
  metrics.counter(
    'hub_stall_seconds_total',
    'Time the event loop was blocked, not counted as silence',
    () => liveness.stalledMs / 1000,
  );
}
