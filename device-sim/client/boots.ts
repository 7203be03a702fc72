import { randomUUID } from 'node:crypto';
import type { Clock } from '../../schemas/time/clock.ts';
import type { EndedBoot } from './client-options.ts';

/** The most earlier boots that a hello may name. */
const maxBoots = 8;

/** The run of the device, and those before it that the hub has not heard of. */
export class Boots {
  readonly name: string;
  /** Earlier boots, oldest first, until a welcome. */
  unseen: readonly EndedBoot[];
  readonly #clock: Clock;
  readonly #startedMs: number;
  #seen = false;

  constructor(clock: Clock, name: string = randomUUID(), ended: readonly EndedBoot[] = []) {
    this.name = name;
    this.unseen = ended.slice(-maxBoots);
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
  }

  /** Time since this boot, ms; never steps. */
  uptime(): number {
    return this.#clock.monotonic() - this.#startedMs;
  }

  /** The hub has heard of all of them. */
  welcomed(): void {
    this.#seen = true;
    this.unseen = [];
  }

  /** What the hub would not have heard of if this boot ended now. */
  get ended(): readonly EndedBoot[] {
    return this.#seen ? [] : [...this.unseen, { boot: this.name, up: this.uptime() }];
  }
}
