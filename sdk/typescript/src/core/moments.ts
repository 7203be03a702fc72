import type { KeptReading } from './kept-reading.ts';

/**
 * The hub makes one reading of two that have one stream and one time, and a clock may be coarse: a browser's stands for 0.1 ms and
 * more. Here each gets a microsecond of its own, which is the finest that the protocol has.
 */
export class Moments {
  #given = 0;
  #newest = 0;
  /** By stream, or name of an event: its last microsecond, since the clock last moved beyond all of them. */
  readonly #last = new Map<string, number>();

  /** @param up when it was taken, ms @returns the same or a little later, ms with three decimals */
  apart(up: number, what: KeptReading['what']): number {
    const name = what.kind === 'reading' ? what.stream : what.name;
    const given = Math.round(up * 1_000);
    if (given > this.#newest || given < this.#given) {
      this.#last.clear();
      this.#newest = given;
    }
    this.#given = given;
    const last = this.#last.get(name);
    const micros = last === undefined ? given : Math.max(given, last + 1);
    this.#last.set(name, micros);
    this.#newest = Math.max(this.#newest, micros);
    return micros / 1_000;
  }
}
