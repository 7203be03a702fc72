import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { HubStore } from '../core/ports.ts';
import { replaceFile } from './durable-file.ts';

/** A line of the file: a record is kept, or one is dropped. */
type Line = { keep: number; record: string } | { drop: number };

/** Lines about what is dropped already, beyond which the file is written anew. */
const maxStaleLines = 2_000;
/** Nobody else may read it. */
const ownMode = 0o600;
/** No handle: every write fails. */
const none = -1;

/**
 * A store in one file. Each change is a line, synced before the call returns, so that a loss of power costs at most the line that it
 * interrupts. A full disk costs nothing that is there: what cannot be written is not taken, and the file stays as it was.
 * @throws Error of node:fs when the folder cannot be written at the start
 */
export function fileStore(file: string): HubStore {
  return new FileStore(file);
}

class FileStore implements HubStore {
  readonly #file: string;
  readonly #records = new Map<number, string>();
  #last = 0;
  #handle: number;
  #bytes = 0;
  #stale = 0;
  readonly damaged: number;

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    const { lines, damaged } = linesOf(file);
    for (const line of lines) this.#apply(line);
    this.damaged = damaged;
    closeSync(openSync(file, 'a', ownMode));
    this.#handle = this.#open();
    this.#rewrite();
  }

  append(record: string): number {
    const number = this.#last + 1;
    if (this.#write({ keep: number, record })) return number;
    // Lines about what is settled may have filled the disk.
    if (this.#stale === 0 || this.#records.size > 0) return 0;
    this.#rewrite();
    return this.#write({ keep: number, record }) ? number : 0;
  }

  next(number: number): number {
    // They are in ascending order, which a Map preserves.
    const [first = 0] = this.#records.keys();
    for (let key = Math.max(first, number + 1); key <= this.#last; key += 1)
      if (this.#records.has(key)) return key;
    return 0;
  }

  read(number: number): string | undefined {
    return this.#records.get(number);
  }

  drop(number: number): void {
    if (!this.#records.has(number)) return;
    const line = { drop: number };
    const isWritten = this.#write(line);
    // On a full disk the line is missing: then the reading is sent once more after a reboot, which is harmless.
    if (!isWritten) this.#apply(line);
    this.#stale += 1;
    // A file with nothing that counts is what fills the disk.
    if (this.#stale >= maxStaleLines || (!isWritten && this.#records.size === 0)) this.#rewrite();
  }

  close(): void {
    if (this.#handle !== none) closeSync(this.#handle);
    this.#handle = none;
  }

  /** @returns false when the disk does not take it */
  #write(line: Line): boolean {
    const text = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      let written = 0;
      while (written < text.length)
        written += writeSync(this.#handle, text, written, text.length - written, this.#bytes + written);
      fdatasyncSync(this.#handle);
    } catch {
      this.#cut();
      return false;
    }
    this.#bytes += text.length;
    this.#apply(line);
    return true;
  }

  /** Takes half a line away. Where even that fails, the next line is written over it. */
  #cut(): void {
    try {
      ftruncateSync(this.#handle, this.#bytes);
    } catch {
      // Nothing is lost by it: a line is read only when it is whole.
    }
  }

  #apply(line: Line): void {
    if ('drop' in line) this.#records.delete(line.drop);
    else {
      this.#records.set(line.keep, line.record);
      this.#last = line.keep;
    }
  }

  /** Keeps only what still counts. When the disk does not take it, the longer file stays, and this is tried again later. */
  #rewrite(): void {
    this.#stale = 0;
    const lines = [...this.#records].map(([keep, record]) => `${JSON.stringify({ keep, record })}\n`);
    try {
      replaceFile(this.#file, lines.join(''), ownMode);
    } catch {
      return;
    }
    const old = this.#handle;
    this.#handle = this.#open();
    if (old !== none) closeSync(old);
  }

  /** @returns the file, open to be written at its end; `none` when the system has no handle left: then nothing is taken */
  #open(): number {
    try {
      const handle = openSync(this.#file, 'r+');
      this.#bytes = fstatSync(handle).size;
      return handle;
    } catch {
      return none;
    }
  }
}

/** What follows the last line feed is what a loss of power left of a line; other lines that cannot be read are damaged. */
function linesOf(file: string): { lines: Line[]; damaged: number } {
  const lines: Line[] = [];
  let damaged = 0;
  for (const text of textOf(file).split('\n').slice(0, -1)) {
    const line = lineOf(text);
    if (line === undefined) damaged += 1;
    else lines.push(line);
  }
  return { lines, damaged };
}

function lineOf(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    if ('drop' in value && typeof value.drop === 'number') return { drop: value.drop };
    if (!('keep' in value) || !('record' in value)) return undefined;
    const { keep, record } = value;
    if (!Number.isSafeInteger(keep) || typeof record !== 'string') return undefined;
    return { keep: Number(keep), record };
  } catch {
    return undefined;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
