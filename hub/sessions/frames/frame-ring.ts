import type { Message } from './frame-codec.ts';

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
  /** Bytes of the whole frame, where `text` is its beginning alone. */
  wholeLength: number | undefined;
}

const keptEntries = 200;
/** Marks are less. */
const stampUnit = 8;
/** In front of what is kept of a frame: time and mark, how long it is, how long the whole frame was (0: that is all of it). */
const headBytes = 16;
const lengthAt = 8;
const wholeLengthAt = 12;
const smallestBytes = 256;
/** A room that is fuller than this grows, as far as it may. */
const fullShare = 0.75;

const none = Buffer.alloc(0);

/**
 * The last frames of one device, oldest first, as bytes in a room that grows as frames come, so that a device that says little
 * costs little. The frames are copied: strings that live so long are moved twice by the collector of garbage, and
 * fill the heap that it has to search.
 */
export class FrameRing {
  /** Entries lie in it one behind the other. Where the next one does not fit any more, they go on at the start. */
  #room = none;
  /** Where the oldest entry begins, and where the next one goes. */
  #oldestAt = 0;
  #nextAt = 0;
  /** When entries have gone on at the start: where the older ones end. Otherwise 0. */
  #turnedAt = 0;
  #count = 0;
  /** Number of the newest entry; 0: there was none yet. */
  last = 0;
  /** The log still counts it. */
  listed = true;

  /** What it takes, bytes. */
  get bytes(): number {
    return this.#room.length;
  }

  /**
   * @param timeMs whole ms
   * @param maxBytes of all entries, at least 32; one that is longer than a quarter of it is cut, between two characters
   * @returns by how much it takes more than before, bytes; perhaps less than nothing
   */
  add(mark: number, message: Message, timeMs: number, maxBytes: number): number {
    const before = this.bytes;
    const whole = typeof message === 'string' ? Buffer.byteLength(message) : message.length;
    const most = Math.min(whole, maxBytes >> 2);
    if (this.#count === keptEntries) this.#removeOldest();
    const at = this.#makePlace(headBytes + most, maxBytes);
    const room = this.#room;
    let length = most;
    if (typeof message === 'string') length = room.write(message, at + headBytes, most);
    else room.set(most === whole ? message : message.subarray(0, most), at + headBytes);
    room.writeDoubleLE(timeMs * stampUnit + mark, at);
    room.writeUInt32LE(length, at + lengthAt);
    room.writeUInt32LE(length === whole ? 0 : whole, at + wholeLengthAt);
    this.#nextAt = at + headBytes + length;
    this.#count += 1;
    this.last += 1;
    return this.bytes - before;
  }

  /** Removes the oldest until it takes at most this, bytes. @returns how many bytes it takes less than before */
  trim(maxBytes: number): number {
    const before = this.bytes;
    if (before > maxBytes) this.#moveTo(maxBytes);
    return before - this.bytes;
  }

  *entries(): Generator<FrameEntry> {
    let at = this.#oldestAt;
    for (let n = this.last - this.#count + 1; n <= this.last; n += 1) {
      const stamp = this.#room.readDoubleLE(at);
      const mark = stamp % stampUnit;
      const length = this.#room.readUInt32LE(at + lengthAt);
      const wholeLength = this.#room.readUInt32LE(at + wholeLengthAt);
      const encoding = (mark & entryMarks.binary) === 0 ? 'utf8' : 'latin1';
      yield {
        n,
        timeMs: Math.floor(stamp / stampUnit),
        mark,
        text: this.#room.toString(encoding, at + headBytes, at + headBytes + length),
        wholeLength: wholeLength === 0 ? undefined : wholeLength,
      };
      at = this.#behind(at);
    }
  }

  /** @returns where so many bytes fit, once the room has grown or the oldest entries have made place */
  #makePlace(bytes: number, maxBytes: number): number {
    if (this.bytes > maxBytes) this.#moveTo(maxBytes);
    for (;;) {
      if (this.#count === 0) this.#oldestAt = this.#nextAt = this.#turnedAt = 0;
      const end = this.#turnedAt === 0 ? this.bytes : this.#oldestAt;
      if (this.#nextAt + bytes <= end) return this.#nextAt;
      const isFull = this.#used() + bytes > fullShare * this.bytes;
      if (this.bytes < maxBytes && (isFull || this.#turnedAt !== 0)) this.#grow(maxBytes);
      else if (this.#turnedAt === 0) {
        this.#turnedAt = this.#nextAt;
        this.#nextAt = 0;
      } else this.#removeOldest();
    }
  }

  #grow(maxBytes: number): void {
    this.#moveTo(Math.min(maxBytes, Math.max(smallestBytes, 2 * this.bytes)));
  }

  /** Into a room of another size. The oldest that do not fit there are removed. */
  #moveTo(bytes: number): void {
    for (let used = this.#used(); used > bytes;) used -= this.#removeOldest();
    const room = bytes === 0 ? none : Buffer.allocUnsafeSlow(bytes);
    let end = 0;
    let at = this.#oldestAt;
    for (let left = this.#count; left > 0; left -= 1) {
      end += this.#room.copy(room, end, at, at + this.#sizeAt(at));
      at = this.#behind(at);
    }
    this.#room = room;
    this.#oldestAt = 0;
    this.#nextAt = end;
    this.#turnedAt = 0;
  }

  #used(): number {
    if (this.#turnedAt === 0) return this.#nextAt - this.#oldestAt;
    return this.#turnedAt - this.#oldestAt + this.#nextAt;
  }

  #sizeAt(at: number): number {
    return headBytes + this.#room.readUInt32LE(at + lengthAt);
  }

  /** Where the entry behind this one begins. */
  #behind(at: number): number {
    const next = at + this.#sizeAt(at);
    return this.#turnedAt !== 0 && next === this.#turnedAt ? 0 : next;
  }

  /** @returns how many bytes it had */
  #removeOldest(): number {
    const size = this.#sizeAt(this.#oldestAt);
    const next = this.#behind(this.#oldestAt);
    // The older ones are used up: the rest lies in one piece.
    if (next === 0) this.#turnedAt = 0;
    this.#oldestAt = next;
    this.#count -= 1;
    return size;
  }
}
