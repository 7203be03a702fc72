import type { HubMemory, HubStore, Slot } from '../../../sdk/typescript/src/node.ts';

/** A store as a disk is one: it outlives a boot, and may be full. */
export class RamStore implements HubStore {
  readonly #records = new Map<number, string>();
  #last = 0;
  isFull = false;
  readonly damaged: number = 0;

  append(record: string): number {
    if (this.isFull) return 0;
    this.#last += 1;
    this.#records.set(this.#last, record);
    return this.#last;
  }

  next(number: number): number {
    return [...this.#records.keys()].find((key) => key > number) ?? 0;
  }

  read(number: number): string | undefined {
    return this.#records.get(number);
  }

  drop(number: number): void {
    this.#records.delete(number);
  }

  close(): void {
    // It is there for the next boot.
  }
}

/** A memory that may be full, or slow as the one of a browser. */
export class UnsureMemory implements HubMemory {
  readonly #values = new Map<Slot, string>();
  isFull = false;
  readonly #isSlow: boolean;
  #boot = 0;

  constructor(isSlow = false) {
    this.#isSlow = isSlow;
  }

  /** What is not written yet never is. */
  cutPower(): void {
    this.#boot += 1;
  }

  load(slot: Slot): string | undefined {
    return this.#values.get(slot);
  }

  save(slot: Slot, value: string): void | Promise<void> {
    if (!this.#isSlow) return this.#set(slot, value);
    const boot = this.#boot;
    return Promise.resolve().then(() => {
      if (boot === this.#boot) this.#set(slot, value);
    });
  }

  #set(slot: Slot, value: string): void {
    if (this.isFull) throw new Error('ENOSPC: no space left on device');
    this.#values.set(slot, value);
  }
}
