import type { DeviceEvent, DeviceEventBody } from '../../schemas/api/presence.ts';
import type { Clock } from '../../schemas/time/clock.ts';

/** Entries kept of one device. */
const keptEntries = 32;
/** Of these, refusals before the upgrade: anybody who knows an id can cause them, so they must not displace real events. */
const keptRefusals = 8;

/**
 * The recent events of every device, for those who ask why it is not online: a bounded ring each. What happens
 * again in the same way is counted, so that one noisy cause does not push out the others.
 */
export class DeviceEvents {
  readonly #clock: Clock;
  readonly #events = new Map<string, DeviceEvent[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(deviceId: string, event: DeviceEventBody): void {
    const nowMs = this.#clock.now();
    let events = this.#events.get(deviceId);
    if (events === undefined) {
      events = [];
      this.#events.set(deviceId, events);
    }
    const last = events.at(-1);
    if (last !== undefined && isRepeat(last, event)) {
      last.times = (last.times ?? 1) + 1;
      last.lastMs = nowMs;
      return;
    }
    // An undefined member is as one that is absent: JSON has no word for it.
    events.push({ ...event, atMs: nowMs } as DeviceEvent);
    const refusals = events.filter(({ kind }) => kind === 'refused').length;
    if (refusals > keptRefusals) {
      events.splice(
        events.findIndex(({ kind }) => kind === 'refused'),
        1,
      );
    }
    if (events.length > keptEntries) events.shift();
  }

  /** Oldest first. */
  of(deviceId: string): readonly DeviceEvent[] {
    return this.#events.get(deviceId) ?? [];
  }

  removed(deviceId: string): void {
    this.#events.delete(deviceId);
  }
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
    case 'presence':
      return false;
  }
}
