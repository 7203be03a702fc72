import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EndedBoot } from './client-options.ts';
import { replaceFile } from './durable-file.ts';
import type { KeptReading, ReadingStore } from './reading-store.ts';

/** A line of the file: a reading is kept, one is settled, or the hub knows all boots up to this one. */
type Line = { keep: KeptReading } | { settled: number } | { known: string };

/** Lines of what is settled already, beyond which the file is written anew. */
const maxStaleLines = 2_000;

/**
 * The unsettled readings of one device in `folder/DEVICE.readings.jsonl`. Each change is a line, synced before the
 * reading is sent, so that a power cut loses at most the line it interrupts.
 * @throws Error of node:fs when the folder cannot be written
 */
export function readingFile(folder: string, deviceId: string): ReadingStore {
  return new ReadingFile(join(folder, `${deviceId}.readings.jsonl`));
}

class ReadingFile implements ReadingStore {
  readonly #file: string;
  readonly #kept = new Map<number, KeptReading>();
  /** Boots of kept readings that the hub does not know, with their last known uptime. */
  readonly #unknown = new Map<string, number>();
  /** The newest boot that the hub knows. */
  #known = '';
  #handle: number;
  #stale = 0;

  constructor(file: string) {
    this.#file = file;
    for (const line of linesOf(file)) this.#apply(line);
    this.#handle = this.#rewrite();
  }

  readings(): KeptReading[] {
    return [...this.#kept.values()];
  }

  unknownBoots(): EndedBoot[] {
    return [...this.#unknown].map(([boot, up]) => ({ boot, up }));
  }

  keep(reading: KeptReading): void {
    this.#write({ keep: reading });
  }

  settled(order: number): void {
    if (!this.#kept.has(order)) return;
    this.#write({ settled: order });
    this.#stale += 1;
    if (this.#stale < maxStaleLines) return;
    closeSync(this.#handle);
    this.#handle = this.#rewrite();
  }

  bootsKnown(boot: string): void {
    this.#write({ known: boot });
  }

  close(): void {
    closeSync(this.#handle);
  }

  #write(line: Line): void {
    this.#apply(line);
    writeSync(this.#handle, `${JSON.stringify(line)}\n`);
    fdatasyncSync(this.#handle);
  }

  #apply(line: Line): void {
    if ('settled' in line) this.#kept.delete(line.settled);
    else if ('known' in line) {
      this.#known = line.known;
      this.#unknown.clear();
    } else {
      const { order, time, boot } = line.keep;
      this.#kept.set(order, line.keep);
      if (boot !== undefined && boot !== this.#known && time.up !== undefined)
        this.#unknown.set(boot, Math.max(time.up, this.#unknown.get(boot) ?? 0));
    }
  }

  /** Only what still counts. @returns the file, open to be added to */
  #rewrite(): number {
    const lines: Line[] = [{ known: this.#known }, ...this.readings().map((keep) => ({ keep }))];
    replaceFile(this.#file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    this.#stale = 0;
    return openSync(this.#file, 'a');
  }
}

function linesOf(file: string): Line[] {
  try {
    const whole = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    // Only this file writes them. What follows the last line feed is what a power cut left of a line.
    return whole.map((line) => JSON.parse(line) as Line);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
