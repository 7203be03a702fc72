import type { DeviceEvents } from '../../presence/device-events.ts';
import type { UpdateFollower } from './open-rollout.ts';

/** What has become of an update, among what recently happened to the device. */
export function updateEvents(events: Pick<DeviceEvents, 'record'>): UpdateFollower {
  return {
    updateMoved(device, { id, version }, { state, reason }) {
      events.record(device, { kind: 'update', rollout: id, version, state, reason });
    },
  };
}
