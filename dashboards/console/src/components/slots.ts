/**
 * Elements that are used again: a row that comes into sight takes the place of one that left, which costs a fraction of
 * making it anew. A row that stays keeps its element, and with it the focus. Pure.
 */
export class Slots {
  #places = new Map<string, number>();
  #free: number[] = [];
  #made = 0;

  /** The place of each of these keys, in their order. */
  of(keys: readonly string[]): number[] {
    const wanted = new Set(keys);
    // In the order of before, so that elements need not be moved when all rows are others.
    const left = [...this.#places].filter(([key]) => !wanted.has(key)).map(([, place]) => place);
    const free = [...left, ...this.#free].values();
    const before = this.#places;
    this.#places = new Map();
    for (const key of wanted) {
      const place = before.get(key) ?? free.next().value ?? this.#made++;
      this.#places.set(key, place);
    }
    this.#free = [...free];
    return [...this.#places.values()];
  }
}
