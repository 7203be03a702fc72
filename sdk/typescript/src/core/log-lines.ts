import type { LogFrame, LogLevel, ReadingTime } from '../../../../schemas/protocol/device-frames.ts';
import type { NackFrame } from '../../../../schemas/protocol/hub-frames.ts';

/** One line of the device's log. */
export interface LogLine {
  level: LogLevel;
  msg: string;
  tag: string | undefined;
  time: ReadingTime;
}

/**
 * Log lines on their way to the hub. They wait in memory only, behind the readings, and the oldest gives way when there are too
 * many: a log helps to understand, readings are what the device is for.
 */
export class LogLines {
  readonly #capacity: number;
  #waiting: LogLine[] = [];
  readonly #inFlight = new Map<number, LogLine>();
  /** Lines that gave way, or that the hub refused for good. */
  lost = 0;

  constructor(capacity = 100) {
    this.#capacity = capacity;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(line: LogLine): void {
    this.#waiting.push(line);
    this.#shorten();
  }

  take(seq: number): LogFrame | undefined {
    const line = this.#waiting.shift();
    if (line === undefined) return undefined;
    this.#inFlight.set(seq, line);
    const { level, msg, tag, time } = line;
    return { type: 'log', seq, ...time, level, msg, ...(tag === undefined ? {} : { tag }) };
  }

  ack(upTo: number): void {
    for (const seq of this.#inFlight.keys()) if (seq <= upTo) this.#inFlight.delete(seq);
  }

  /** @returns false when this frame was no line */
  nack(seq: number, { retry }: NackFrame): boolean {
    const line = this.#inFlight.get(seq);
    if (line === undefined) return false;
    this.#inFlight.delete(seq);
    if (retry) this.#putBack([line]);
    else this.lost += 1;
    return true;
  }

  sessionEnded(): void {
    this.#putBack([...this.#inFlight.values()]);
    this.#inFlight.clear();
  }

  #putBack(lines: readonly LogLine[]): void {
    this.#waiting = [...lines, ...this.#waiting];
    this.#shorten();
  }

  #shorten(): void {
    while (this.#waiting.length > this.#capacity) {
      this.#waiting.shift();
      this.lost += 1;
    }
  }
}
