import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { mebibyte } from '../kernel/mebibyte.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';

/** Of the file system that holds the data folder, bytes. */
export interface DiskSpace {
  free: number;
  size: number;
}

const lookEveryMs = 1_000;
/** On a small disk the reserve is this part of it. */
const largestShare = 0.2;
/** A warning is logged when this many reserves are left. */
const warnAt = 2;

/**
 * Keeps a reserve of disk for commands, sessions and the audit: readings are by far the most, so they stop first, and
 * `/readyz` says so before they do.
 */
export class DiskReserve {
  readonly #deps: { clock: Clock; log: Log; space: () => Promise<DiskSpace> };
  /** Bytes. */
  readonly #reserve: number;
  #space: DiskSpace | undefined;
  #stop: Cancel = () => {};
  #reported: 'nothing' | 'warned' | 'stopped' = 'nothing';

  constructor(deps: { clock: Clock; log: Log; space: () => Promise<DiskSpace> }, reserveMib: number) {
    this.#deps = deps;
    this.#reserve = reserveMib * mebibyte;
  }

  /** A disk that cannot be measured counts as one without a reserve. That is logged once. */
  async start(): Promise<void> {
    const { clock, log } = this.#deps;
    try {
      await this.look();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'the free space of the disk is not known: no reserve is kept');
      return;
    }
    this.#stop = clock.every(lookEveryMs, () => {
      this.look().catch((error: unknown) =>
        log.debug({ reason: messageOf(error) }, 'the disk was not asked'),
      );
    });
  }

  close(): void {
    this.#stop();
  }

  /** Bytes; 0 while it is not known. */
  get free(): number {
    return this.#space?.free ?? 0;
  }

  /** Bytes of the whole disk; without end while it is not known. */
  get size(): number {
    return this.#space?.size ?? Infinity;
  }

  /** No reading may go to this disk. */
  get reached(): boolean {
    return this.#space !== undefined && this.#space.free < this.#bytes(this.#space);
  }

  /** What `/readyz` says. */
  get fault(): string | undefined {
    const space = this.#space;
    if (space === undefined || space.free >= warnAt * this.#bytes(space)) return undefined;
    const [free, reserve] = [space.free, this.#bytes(space)].map(
      (bytes) => `${Math.floor(bytes / mebibyte)} MiB`,
    );
    return this.reached
      ? `${free} left: no reading is written to this disk until more than the reserve of ${reserve} is free`
      : `${free} left: readings stop at ${reserve}, which are kept for commands and sessions`;
  }

  async look(): Promise<void> {
    this.#space = await this.#deps.space();
    const state = this.fault === undefined ? 'nothing' : this.reached ? 'stopped' : 'warned';
    if (state === this.#reported) return;
    this.#reported = state;
    if (state === 'nothing') this.#deps.log.info('the disk has room again');
    else this.#deps.log.error({ reason: this.fault }, 'the disk is nearly full');
  }

  #bytes({ size }: DiskSpace): number {
    return Math.min(this.#reserve, size * largestShare);
  }
}
