import type { OfferedUpdate } from '../../schemas/index.ts';
import { MemoryFile, type Device, type NodeSettings } from '../../sdk/typescript/src/node.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';

/** How a simulated device treats new firmware. */
export const updateBehaviors = [
  /** Runs it and stays well. */
  'good',
  /** Reports success, runs it, and reboots again some time later. */
  'ill',
  /** Gets a corrupted file at each download. */
  'corrupt',
  /** Runs it, and has the old firmware again after a reboot. */
  'rolls-back',
  /** Ignores it. */
  'never-answers',
  /** Reports success and does nothing. */
  'pretends',
  /** Loses its power once, in the middle of the download. */
  'reboots-in-the-middle',
] as const;
export type UpdateBehavior = (typeof updateBehaviors)[number];

export function isUpdateBehavior(name: string): name is UpdateBehavior {
  return (updateBehaviors as readonly string[]).includes(name);
}

export interface SimulatedFirmwareOptions {
  behavior: UpdateBehavior;
  clock: Pick<Clock, 'after'>;
  /** When an `ill` device reboots again. */
  illAfterMs: number;
  /** Boots again, with the firmware that is installed at that time. */
  reboot: () => void;
}

const usualIllAfterMs = 60_000;

/** The firmware of a simulated device, over its boots. */
export class SimulatedFirmware {
  version = 'sim-1';
  readonly #options: SimulatedFirmwareOptions;
  /** The firmware of the next boot, when it differs. */
  #next: string | undefined;
  #cutOnce: boolean;
  #cancelIllness: Cancel | undefined;

  constructor(options: Omit<SimulatedFirmwareOptions, 'illAfterMs'> & { illAfterMs?: number | undefined }) {
    this.#options = { ...options, illAfterMs: options.illAfterMs ?? usualIllAfterMs };
    this.#cutOnce = options.behavior === 'reboots-in-the-middle';
  }

  /** The settings for the SDK at each boot; undefined: the device takes no updates. @param device undefined before the boot */
  settings(device: () => Device | undefined): NodeSettings['updates'] {
    const { behavior } = this.#options;
    if (behavior === 'never-answers' || behavior === 'pretends') return undefined;
    return { file: this.#file(), apply: (update) => this.#apply(update, device()) };
  }

  /** The device boots. */
  boot(): void {
    this.version = this.#next ?? this.version;
    this.#next = undefined;
  }

  /** Watches the device of this boot. */
  follow(device: Device): void {
    if (this.#options.behavior !== 'pretends') return;
    device.on('update', (update) => {
      if (update !== undefined) device.sayUpdate('succeeded');
    });
  }

  stop(): void {
    this.#cancelIllness?.();
  }

  #file(): MemoryFile {
    const { behavior, reboot } = this.#options;
    if (behavior === 'corrupt') return new CorruptFile();
    if (!this.#cutOnce) return new MemoryFile();
    return new CutFile(() => {
      this.#cutOnce = false;
      reboot();
    });
  }

  #apply({ version }: OfferedUpdate, device: Device | undefined): void {
    const { behavior, clock, reboot, illAfterMs } = this.#options;
    const before = this.version;
    // A device that reports success proves nothing.
    device?.sayUpdate('succeeded');
    this.version = version;
    reboot();
    if (behavior === 'good' || behavior === 'reboots-in-the-middle') return;
    this.#cancelIllness = clock.after(illAfterMs, () => {
      if (behavior === 'rolls-back') this.#next = before;
      reboot();
    });
  }
}

/** Flips one bit of the file. */
class CorruptFile extends MemoryFile {
  override append(bytes: Uint8Array): void {
    const changed = Uint8Array.from(bytes);
    changed[0] = (changed[0] ?? 0) ^ 1;
    super.append(changed);
  }
}

/** The power fails during the download. */
class CutFile extends MemoryFile {
  readonly #cut: () => void;

  constructor(cut: () => void) {
    super();
    this.#cut = cut;
  }

  override append(bytes: Uint8Array): void {
    super.append(bytes.subarray(0, 1));
    this.#cut();
  }
}
