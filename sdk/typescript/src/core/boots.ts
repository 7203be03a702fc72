import { loadSlot, saveSlot, type Complain, type HubMemory } from './ports.ts';
import type { Timers } from './timers.ts';

/** A boot that is over, and its last uptime, ms. */
export interface EndedBoot {
  boot: string;
  up: number;
}

/** The most earlier boots that a hello may name. */
const maxBoots = 8;

/** The run of the device, and those before it that the hub has not heard of. */
export class Boots {
  readonly name: string;
  /** Earlier boots, oldest first, until a welcome. */
  unseen: readonly EndedBoot[];
  readonly #timers: Timers;
  readonly #memory: HubMemory | undefined;
  readonly #complain: Complain;
  #seen = false;

  /**
   * @param kept earlier boots whose readings are kept, oldest first
   * @param given what the firmware knows of boots that the hub has not heard of; it is believed
   */
  constructor(
    deps: { timers: Timers; memory: HubMemory | undefined; complain: Complain },
    name: string,
    { kept, given }: { kept: readonly EndedBoot[]; given?: readonly EndedBoot[] | undefined },
  ) {
    this.name = name;
    this.#timers = deps.timers;
    this.#memory = deps.memory;
    this.#complain = deps.complain;
    const known = loadSlot(deps.memory, 'boots', isText);
    const unknown = kept.slice(kept.findLastIndex(({ boot }) => boot === known) + 1);
    this.unseen = (given ?? unknown).slice(-maxBoots);
  }

  /** Time since this boot, ms; never steps. */
  uptime(): number {
    return this.#timers.monotonic();
  }

  /** The hub has heard of all of them. */
  welcomed(): void {
    if (!this.#seen) void saveSlot(this.#memory, 'boots', this.name, this.#complain);
    this.#seen = true;
    this.unseen = [];
  }

  /** What the hub would not have heard of if this boot ended now. */
  get ended(): readonly EndedBoot[] {
    // A moment longer, as that of kept readings.
    return this.#seen ? [] : [...this.unseen, { boot: this.name, up: this.uptime() + 1 }];
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
