import { signal, type ReadonlySignal } from '@preact/signals';
import type { DeviceTypeDefinition } from '../../../../schemas/device-type-definition.ts';
import {
  begin,
  LinkFaults,
  pageLinks,
  type Counts,
  type Device,
} from '../../../../sdk/typescript/src/browser.ts';
import { texts } from '../texts/texts.ts';
import { sampleData, wrongData } from './sample-data.ts';

/** One frame, or one word about the link. */
export interface SeenFrame {
  /** Counts them all, so that each has a key. */
  number: number;
  atMs: number;
  way: 'sent' | 'received' | 'link';
  /** The type of the frame. */
  what: string;
  text: string;
  isFault: boolean;
}

export interface PlayedState {
  isOpen: boolean;
  isSilent: boolean;
  isSlow: boolean;
  frames: readonly SeenFrame[];
  counts: Counts | undefined;
}

const keptFrames = 200;
const everyMs = 2_000;
const slowMs = 3_000;

const nothing: PlayedState = {
  isOpen: false,
  isSilent: false,
  isSlow: false,
  frames: [],
  counts: undefined,
};

/** A device in this page, run by the SDK, with its faults. */
export class PlayedDevice {
  readonly type: DeviceTypeDefinition;
  readonly #device: Device;
  readonly #faults: LinkFaults;
  readonly #state = signal(nothing);
  readonly #timer: ReturnType<typeof setInterval>;
  #seen = 0;

  private constructor(type: DeviceTypeDefinition, device: Device, faults: LinkFaults) {
    this.type = type;
    this.#device = device;
    this.#faults = faults;
    this.#follow();
    this.#obey();
    this.#timer = setInterval(() => this.measure(), everyMs);
  }

  /**
   * Begins a device, which takes a reading of each stream every two seconds.
   * @throws TypeError for an address that is none of a hub; Error when the browser keeps nothing for this page
   */
  static async begin(
    type: DeviceTypeDefinition,
    identity: { url: string; id: string; secret: string },
  ): Promise<PlayedDevice> {
    const faults = new LinkFaults(pageLinks);
    const device = await begin({
      ...identity,
      type: `${type.name}@${type.version}`,
      firmware: 'playground',
      state: `playground-${identity.id}`,
      openLink: faults.open,
    });
    return new PlayedDevice(type, device, faults);
  }

  get state(): ReadonlySignal<PlayedState> {
    return this.#state;
  }

  measure(): void {
    const share = Math.random();
    for (const [stream, definition] of Object.entries(this.type.streams ?? {}))
      void this.#device.measure(stream, sampleData(definition, share));
    this.#show({});
  }

  /** One reading that its schema refuses. */
  measureWrongly(): void {
    const [first] = Object.entries(this.type.streams ?? {});
    if (first !== undefined) void this.#device.measure(first[0], wrongData(first[1], Math.random()));
    this.#show({});
  }

  /** Half of a frame. */
  sayGarbage(): void {
    const text = '{"type":"telemetry","seq":';
    this.#faults.say(text);
    this.#note('sent', 'garbage', text, true);
  }

  cut(): void {
    this.#faults.cut();
  }

  setSilent(isSilent: boolean): void {
    if (isSilent) this.#faults.hang();
    else this.#faults.resume(this.#device);
    this.#show({ isSilent });
  }

  setSlow(isSlow: boolean): void {
    this.#faults.answers = isSlow ? { slowAckMs: slowMs, slowResultMs: slowMs } : {};
    this.#show({ isSlow });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#faults.isFrozen) await this.#device.bye({ patienceMs: 0 });
    await this.#device.close();
  }

  #follow(): void {
    const device = this.#device;
    device.on('sent', (frame) => this.#note('sent', frame.type, JSON.stringify(frame), false));
    device.on('received', (frame) => {
      // A secret is for the device alone.
      const shown = frame.type === 'credential' ? { ...frame, secret: '…' } : frame;
      this.#note('received', frame.type, JSON.stringify(shown), frame.type === 'nack');
    });
    device.on('ignored', (text) => this.#note('received', 'unknown', text.slice(0, 500), true));
    device.on('trouble', (what) => this.#note('link', 'trouble', what, true));
    device.on('close', (ending, retry) => {
      const why = ending.kind === 'failed' ? ending.message : JSON.stringify(ending);
      const waitSec = retry === undefined ? undefined : (retry.waitMs / 1_000).toFixed(1);
      const words = waitSec === undefined ? why : texts.playground.closedNextAttemptIn(why, waitSec);
      this.#note('link', 'closed', words, true);
    });
  }

  /** Every command succeeds, and every setting is taken. */
  #obey(): void {
    for (const [name, { output }] of Object.entries(this.type.commands ?? {}))
      this.#device.onCommand(name, () => ({
        status: 'succeeded',
        ...(output === undefined ? {} : { output: sampleData(output, Math.random()) }),
      }));
    if (this.type.twin === undefined) return;
    this.#device.onDesired((desired) => {
      this.#device.reported(desired);
      return [];
    });
    this.#device.reported({});
  }

  #note(way: SeenFrame['way'], what: string, text: string, isFault: boolean): void {
    this.#seen += 1;
    const frame = { number: this.#seen, atMs: Date.now(), way, what, text, isFault };
    this.#show({ frames: [frame, ...this.#state.value.frames].slice(0, keptFrames) });
  }

  #show(change: Partial<PlayedState>): void {
    const { isOpen } = this.#device;
    this.#state.value = { ...this.#state.value, ...change, isOpen, counts: this.#device.counts() };
  }
}
