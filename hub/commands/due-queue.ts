/**
 * Items ordered by the time they are due, so that one timer serves them all. An item's due time may change after it
 * was pushed: entries are compared with it when they come up, and stale ones are swept out before they outnumber the
 * live ones, so the queue stays within a small multiple of the live items.
 */
export class DueQueue<Item> {
  readonly #dueOf: (item: Item) => number;
  readonly #live: () => Iterable<Item>;
  #heap: { dueMs: number; item: Item }[] = [];
  #sweepAt = 1024;

  /** @param dueOf Unix ms, infinite for never. @param live all items that may ever be due again. */
  constructor(dueOf: (item: Item) => number, live: () => Iterable<Item>) {
    this.#dueOf = dueOf;
    this.#live = live;
  }

  push(item: Item): void {
    const dueMs = this.#dueOf(item);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    if (this.#heap.length >= this.#sweepAt) this.#sweep();
    this.#heap.push({ dueMs, item });
    this.#rise(this.#heap.length - 1);
  }

  /** When the first entry comes up, Unix ms; undefined when there is none. */
  nextMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  /** Takes out what is due at `nowMs`. The caller pushes again what stays alive. */
  takeDue(nowMs: number): Item[] {
    const due: Item[] = [];
    const later: Item[] = [];
    for (let head = this.#heap[0]; head !== undefined && head.dueMs <= nowMs; head = this.#heap[0]) {
      this.#removeHead();
      (this.#dueOf(head.item) <= nowMs ? due : later).push(head.item);
    }
    for (const item of later) this.push(item);
    return due;
  }

  #sweep(): void {
    this.#heap = [];
    for (const item of this.#live()) {
      const dueMs = this.#dueOf(item);
      if (dueMs !== Number.POSITIVE_INFINITY) this.#heap.push({ dueMs, item });
    }
    // A sorted array is a heap.
    this.#heap.sort((a, b) => a.dueMs - b.dueMs);
    this.#sweepAt = Math.max(1024, this.#heap.length * 2);
  }

  #rise(index: number): void {
    for (let at = index; at > 0;) {
      const parent = (at - 1) >> 1;
      if (this.#due(parent) <= this.#due(at)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #removeHead(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (this.#due(child) < this.#due(least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #due(index: number): number {
    return this.#heap[index]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
