import { limits } from '../../schemas/index.ts';
import { sizeOf, type Message } from './frames/frame-codec.ts';

/** Seqs that follow one another; both are part of it. */
export interface SeqRange {
  from: number;
  to: number;
}

/** A device that counts by one has at most two: before its hello, and beyond what is held. */
const maxRanges = 4;

/**
 * What a device sends before its session is open: data frames behind its hello are held until then, at most a window
 * of them and the size of one frame. Whatever comes after one that was refused is refused too, since their order counts.
 */
export class EarlyFrames {
  readonly #capacity: number;
  readonly #held: { message: Message; seq: number }[] = [];
  #bytes = 0;
  /** Seqs that were nacked `not-open`: the device counts on from them. */
  readonly refused: SeqRange[] = [];
  #full = false;

  /** @param capacity frames */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** @returns false for a frame without data, or when there is no room: the caller refuses it. */
  hold(message: Message, seq: number | undefined): boolean {
    if (seq === undefined) return false;
    const bytes = sizeOf(message);
    this.#full ||= this.#held.length >= this.#capacity || this.#bytes + bytes > limits.frameBytes;
    if (this.#full) return false;
    // Bytes of a socket are overwritten by those that follow.
    this.#held.push({ message: typeof message === 'string' ? message : message.slice(), seq });
    this.#bytes += bytes;
    return true;
  }

  /** A frame of this seq was nacked `not-open`. */
  noteRefused(seq: number | undefined): void {
    if (seq === undefined) return;
    const last = this.refused.at(-1);
    if (last !== undefined && seq === last.to + 1) last.to = seq;
    else if (this.refused.length < maxRanges) this.refused.push({ from: seq, to: seq });
  }

  /** What is held, in the order it came in; then nothing is. */
  takeAll(): { message: Message; seq: number }[] {
    this.#bytes = 0;
    return this.#held.splice(0);
  }
}
