/** Slots of a soak time. */
const slotsOfSoak = 4;
/** With fewer readings than this in a soak time nothing is said about how many they are. */
const fewestReadings = 10;

/** How many readings one device has sent lately. Counting costs an addition. */
export class ReadingCount {
  total = 0;
  readonly #slots: number[] = [];
  #atSlot = 0;
  /** `total` when the soak began, while this device soaks. */
  #atSoak: number | undefined;

  /** A slot, a quarter of the soak time, is over. */
  endSlot(): void {
    this.#slots.push(this.total - this.#atSlot);
    this.#atSlot = this.total;
    if (this.#slots.length > 2 * slotsOfSoak) this.#slots.shift();
  }

  /** Of the last soak time; undefined: it is not known, or too few to say anything. */
  get lately(): number | undefined {
    return enough(sumOf(this.#slots.slice(-slotsOfSoak), slotsOfSoak));
  }

  /** In the last soak time it has sent less than half of what it sent in the one before. */
  get hasDropped(): boolean {
    const former = enough(sumOf(this.#slots.slice(0, -slotsOfSoak), slotsOfSoak));
    const lately = sumOf(this.#slots.slice(-slotsOfSoak), slotsOfSoak);
    return former !== undefined && lately !== undefined && lately < former / 2;
  }

  soakBegins(): void {
    this.#atSoak = this.total;
  }

  /** At the end of the soak time. @param former readings in a soak time before the update */
  hasDroppedInSoak(former: number | undefined): boolean {
    if (this.#atSoak === undefined || former === undefined) return false;
    return this.total - this.#atSoak < former / 2;
  }
}

/** How long a slot is, ms. */
export function slotMsOf(soakMs: number): number {
  return soakMs / slotsOfSoak;
}

function sumOf(slots: readonly number[], wanted: number): number | undefined {
  return slots.length < wanted ? undefined : slots.reduce((sum, slot) => sum + slot, 0);
}

function enough(readings: number | undefined): number | undefined {
  return readings !== undefined && readings >= fewestReadings ? readings : undefined;
}
