import type { DeviceEvent, DeviceEventBody, Presence } from '../../schemas/api/presence.ts';
import { DeviceLists, type DeviceListStore } from '../kernel/device-lists.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { PresenceFollower } from './presence-follower.ts';

/** Entries kept of one device. */
const keptEntries = 32;
/** Of these, refusals before the upgrade: anybody who knows an id can cause them, so they must not displace real events. */
const keptRefusals = 8;

/**
 * The recent events of every device, for those who ask why it is not online: a bounded list each, which outlives a
 * restart. What happens again in the same way is counted, so that one noisy cause does not push out the others.
 */
export class DeviceEvents implements PresenceFollower {
  readonly #clock: Clock;
  /** Saved by who starts this part. */
  readonly lists: DeviceLists<DeviceEvent>;

  constructor({ clock, ...deps }: { clock: Clock; store: DeviceListStore<DeviceEvent>; log: Log }) {
    this.#clock = clock;
    this.lists = new DeviceLists({ ...deps, bound, timeOf: (event) => event.lastMs ?? event.atMs });
  }

  record(deviceId: string, event: DeviceEventBody): void {
    const nowMs = this.#clock.now();
    const last = this.lists.last(deviceId);
    if (last !== undefined && isRepeat(last, event)) {
      last.times = (last.times ?? 1) + 1;
      last.lastMs = nowMs;
      this.lists.changed(deviceId);
      return;
    }
    // An undefined member is as one that is absent: JSON has no word for it.
    this.lists.add(deviceId, { ...event, atMs: nowMs } as DeviceEvent);
  }

  presenceChanged(deviceId: string, { state, reason }: Presence): void {
    this.record(deviceId, { kind: 'presence', state, reason });
  }

  /** Oldest first. */
  of(deviceId: string): Promise<readonly DeviceEvent[]> {
    return this.lists.of(deviceId);
  }

  moved(deviceId: string): void {
    this.lists.changedElsewhere(deviceId);
  }

  removed(deviceId: string): void {
    this.lists.forget(deviceId);
  }
}

function bound(events: DeviceEvent[]): void {
  let refusals = events.filter(({ kind }) => kind === 'refused').length;
  for (; refusals > keptRefusals; refusals -= 1) {
    events.splice(
      events.findIndex(({ kind }) => kind === 'refused'),
      1,
    );
  }
  if (events.length > keptEntries) events.splice(0, events.length - keptEntries);
}

/** Only what comes in bursts, and says the same each time. */
function isRepeat(last: DeviceEvent, next: DeviceEventBody): boolean {
  switch (next.kind) {
    case 'refused':
      return last.kind === 'refused' && last.code === next.code && last.address === next.address;
    case 'throttled':
      return last.kind === 'throttled' && last.code === next.code;
    case 'held':
      return last.kind === 'held' && last.address === next.address;
    case 'connected':
    case 'opened':
    case 'replaced':
    case 'bye':
    case 'drained':
    case 'closed':
    case 'update':
    case 'presence':
      return false;
  }
}
