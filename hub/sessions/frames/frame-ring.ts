/** What an entry of a ring is; a binary frame is marked beside. */
export const entryMarks = { in: 0, out: 1, connected: 2, closed: 3, binary: 4 } as const;

/** One entry, as it is read. */
export interface FrameEntry {
  /** Counts the entries of the device, from 1. */
  n: number;
  timeMs: number;
  mark: number;
  /** A text frame as it was sent, or its beginning; a binary one byte by byte (Latin-1). */
  text: string;
  /** Characters of the whole frame, of a binary one bytes, where `text` is its beginning alone. */
  wholeLength: number | undefined;
}

const keptEntries = 200;
/** Marks are less. */
const stampUnit = 8;
/** What an entry takes beside its text, bytes: the head of the string, its places in the lists. */
const entryBytes = 64;

/**
 * The last frames of one device, oldest first. What is kept of a frame is the text that there is anyway. The lists grow as
 * frames come, so that a device that says little costs little.
 */
export class FrameRing {
  readonly #texts: string[] = [];
  /** Time and mark in one number: each further list is a further place in memory that a frame touches. */
  readonly #stamps: number[] = [];
  /** By number of the entry, for the few that are cut. */
  #wholeLengths: Map<number, number> | undefined;
  /** Number of the newest entry; 0: there was none yet. */
  last = 0;
  /** Number of the oldest one that is kept. */
  #oldest = 1;
  #bytes = 0;
  /** The log still counts it. */
  listed = true;

  /**
   * @param timeMs whole ms
   * @returns by how much it takes more than before, bytes; perhaps less than nothing
   */
  add(mark: number, text: string, timeMs: number, maxBytes: number): number {
    const before = this.#bytes;
    if (this.last - this.#oldest + 1 === keptEntries) this.#removeOldest();
    const slot = this.last % keptEntries;
    this.last += 1;
    this.#texts[slot] = text;
    this.#stamps[slot] = timeMs * stampUnit + mark;
    this.#bytes += text.length + entryBytes;
    if (this.#bytes > maxBytes) this.trim(maxBytes);
    return this.#bytes - before;
  }

  /** The entry added last is only the beginning of a frame of this length. */
  noteWholeLength(length: number): void {
    this.#wholeLengths ??= new Map();
    this.#wholeLengths.set(this.last, length);
  }

  /** Removes the oldest until it takes at most this, bytes. @returns how many bytes it takes less than before */
  trim(maxBytes: number): number {
    const before = this.#bytes;
    while (this.#bytes > maxBytes && this.#oldest <= this.last) this.#removeOldest();
    return before - this.#bytes;
  }

  *entries(): Generator<FrameEntry> {
    for (let n = this.#oldest; n <= this.last; n += 1) {
      const slot = (n - 1) % keptEntries;
      const stamp = this.#stamps[slot] ?? 0;
      yield {
        n,
        timeMs: Math.floor(stamp / stampUnit),
        mark: stamp % stampUnit,
        text: this.#texts[slot] ?? '',
        wholeLength: this.#wholeLengths?.get(n),
      };
    }
  }

  #removeOldest(): void {
    const slot = (this.#oldest - 1) % keptEntries;
    this.#bytes -= (this.#texts[slot]?.length ?? 0) + entryBytes;
    this.#texts[slot] = '';
    this.#wholeLengths?.delete(this.#oldest);
    this.#oldest += 1;
  }
}
