import type { Clock } from '../../../schemas/time/clock.ts';
import type { Message } from './frame-codec.ts';
import { entryMarks, FrameRing, type FrameEntry } from './frame-ring.ts';

export interface FrameLogLimits {
  /** Of all devices together, bytes. */
  fleetBytes: number;
  /** Of one device, bytes. */
  deviceBytes: number;
  /** Devices: more than can be connected at once. The one that has been without a word of its own the longest is dropped. */
  devices: number;
}

const defaultLimits: FrameLogLimits = {
  fleetBytes: 64 * 1_048_576,
  deviceBytes: 256 * 1_024,
  devices: 20_000,
};

/**
 * The last frames of every device, both ways, for whoever asks what a device said before it fell silent. Always kept, so that
 * nobody has to wait for the fault to happen again; forgotten when the hub stops. Nothing is parsed here.
 *
 * Every device has the same share of the whole. It halves when the number of devices has doubled, so that those who say much
 * do not push out those who fell silent.
 */
export class FrameLog {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limits: FrameLogLimits;
  readonly #rings = new Map<string, FrameRing>();
  #cursor = this.#rings.values();
  /** Of one device, bytes. */
  #share: number;
  /** Kept of all devices. */
  bytes = 0;

  constructor(clock: Pick<Clock, 'now'>, limits: FrameLogLimits = defaultLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#share = limits.deviceBytes;
  }

  /** Devices of which something is kept. */
  get devices(): number {
    return this.#rings.size;
  }

  /** What the sessions of the device write to. */
  of(deviceId: string): DeviceFrames {
    return new DeviceFrames(this, deviceId);
  }

  /** Number of the device's newest entry; 0: there is none. */
  newest(deviceId: string): number {
    return this.#rings.get(deviceId)?.last ?? 0;
  }

  /** Oldest first. */
  entries(deviceId: string): Iterable<FrameEntry> {
    return this.#rings.get(deviceId)?.entries() ?? [];
  }

  /** The ring of the device, from now on the one that was used last. */
  ringOf(deviceId: string): FrameRing {
    const ring = this.#rings.get(deviceId) ?? new FrameRing();
    this.#rings.delete(deviceId);
    this.#rings.set(deviceId, ring);
    if (this.#rings.size > this.#limits.devices) {
      const [longestUnused] = this.#rings.keys();
      if (longestUnused !== undefined) this.removed(longestUnused);
    }
    this.#divide();
    return ring;
  }

  add(ring: FrameRing, mark: number, message: Message): void {
    this.bytes += ring.add(mark, message, this.#clock.now(), this.#share);
    if (this.bytes > this.#limits.fleetBytes) this.#makeRoom();
  }

  /** The device is no longer registered. */
  removed(deviceId: string): void {
    const ring = this.#rings.get(deviceId);
    if (ring === undefined) return;
    this.#rings.delete(deviceId);
    this.bytes -= ring.trim(0);
    ring.listed = false;
    this.#divide();
  }

  #divide(): void {
    const { fleetBytes, deviceBytes } = this.#limits;
    const places = 2 ** Math.ceil(Math.log2(Math.max(1, this.#rings.size)));
    this.#share = Math.min(deviceBytes, Math.floor(fleetBytes / places));
  }

  /** Devices that have more than their share, from a time with fewer devices, lose their oldest. */
  #makeRoom(): void {
    for (let left = this.#rings.size; left > 0 && this.bytes > this.#limits.fleetBytes; left -= 1) {
      let next = this.#cursor.next();
      if (next.done === true) {
        this.#cursor = this.#rings.values();
        next = this.#cursor.next();
      }
      if (next.done !== true) this.bytes -= next.value.trim(this.#share);
    }
  }
}

/** The frames of one device, as its sessions write them down. */
export class DeviceFrames {
  readonly #log: FrameLog;
  readonly #deviceId: string;
  #ring: FrameRing;

  constructor(log: FrameLog, deviceId: string) {
    this.#log = log;
    this.#deviceId = deviceId;
    this.#ring = log.ringOf(deviceId);
  }

  connected(address: string): void {
    this.#add(entryMarks.connected, address);
  }

  received(message: Message): void {
    this.#note(entryMarks.in, message);
  }

  /** @param message without what nobody is to see */
  sent(message: Message): void {
    this.#note(entryMarks.out, message);
  }

  closed(by: string, code: number, reason: string): void {
    this.#add(entryMarks.closed, `${by} ${code} ${reason}`.trimEnd());
  }

  #note(mark: number, message: Message): void {
    this.#add(typeof message === 'string' ? mark : mark | entryMarks.binary, message);
  }

  #add(mark: number, message: Message): void {
    // Its place was given to another device, while this one said nothing.
    if (!this.#ring.listed) this.#ring = this.#log.ringOf(this.#deviceId);
    this.#log.add(this.#ring, mark, message);
  }
}
