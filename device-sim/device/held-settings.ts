import type { TwinError } from '../../schemas/index.ts';
import { mergePatch, type JsonObject } from '../../schemas/twin/merge-patch.ts';
import type { DesiredHandler } from '../../sdk/typescript/src/node.ts';
import type { ModelSettings } from './device-models.ts';

interface Device {
  /** The interval between readings while none is desired. */
  firstIntervalSec: number;
  setIntervalSec: (seconds: number) => void;
  report: (state: JsonObject) => void;
}

/** The settings of a simulated device. It applies and reports the desired value, or its own default. */
export class HeldSettings {
  readonly #model: ModelSettings;
  readonly #device: Device;
  #held: JsonObject;

  constructor(model: ModelSettings, device: Device) {
    this.#model = model;
    this.#device = device;
    this.#held = this.#withDefaults({});
  }

  /** A new boot begins with the settings in its memory. */
  boot(client: { onDesired(handler: DesiredHandler): void }): void {
    client.onDesired((desired) => this.#apply(desired));
    this.#report();
  }

  /** A command, for example, has changed the interval. */
  intervalChanged(seconds: number): void {
    if (!this.#model.interval || this.#held['intervalSec'] === seconds) return;
    this.#held = { ...this.#held, intervalSec: seconds };
    this.#report();
  }

  #apply(desired: JsonObject): readonly TwinError[] {
    const errors = this.#model.faults?.(desired) ?? [];
    const refused = new Set(errors.map(({ path }) => path.split('/')[1]));
    const takes = Object.entries(desired).filter(([name]) => !refused.has(name));
    this.#held = this.#withDefaults(Object.fromEntries(takes));
    const { intervalSec } = this.#held;
    if (typeof intervalSec === 'number') this.#device.setIntervalSec(intervalSec);
    this.#report();
    return errors;
  }

  #withDefaults(state: JsonObject): JsonObject {
    const { interval, defaults } = this.#model;
    const own = interval ? { intervalSec: this.#device.firstIntervalSec } : {};
    return mergePatch({ ...defaults, ...own }, state);
  }

  #report(): void {
    const { intervalSec, ...others } = this.#held;
    // The setting is in whole seconds, but a simulated device may be faster than any real one.
    const interval = typeof intervalSec === 'number' ? { intervalSec: Math.ceil(intervalSec) } : {};
    this.#device.report({ ...others, ...interval, ...this.#model.fixed });
  }
}
