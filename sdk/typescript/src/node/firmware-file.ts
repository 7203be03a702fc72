import { closeSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Where a firmware comes to, bit by bit. */
export interface FirmwareFile {
  /** From now on it is this one; what is there of another is dropped. */
  begin(sha256: string): void;
  /** Bytes that are there. */
  readonly length: number;
  append(bytes: Uint8Array): void;
  clear(): void;
  /** All of it, once more. */
  chunks(): Iterable<Uint8Array>;
}

const chunkBytes = 65_536;

/** In a folder, so that what has come outlives a reboot. */
export class FolderFile implements FirmwareFile {
  readonly #folder: string;
  #name = '';
  length = 0;

  /** @throws Error when there can be no such folder */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  get path(): string {
    return join(this.#folder, this.#name);
  }

  begin(sha256: string): void {
    this.#name = `firmware-${sha256.slice(0, 32)}`;
    for (const name of readdirSync(this.#folder))
      if (name.startsWith('firmware-') && name !== this.#name) rmSync(join(this.#folder, name));
    this.length = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  append(bytes: Uint8Array): void {
    const file = openSync(this.path, 'a');
    try {
      this.length += writeSync(file, bytes);
    } finally {
      closeSync(file);
    }
  }

  clear(): void {
    rmSync(this.path, { force: true });
    this.length = 0;
  }

  *chunks(): Iterable<Uint8Array> {
    const file = openSync(this.path, 'r');
    try {
      const bytes = new Uint8Array(chunkBytes);
      for (let length = readSync(file, bytes); length > 0; length = readSync(file, bytes))
        yield bytes.subarray(0, length);
    } finally {
      closeSync(file);
    }
  }
}

/** In memory: a reboot begins anew. */
export class MemoryFile implements FirmwareFile {
  #sha256 = '';
  #chunks: Uint8Array[] = [];
  length = 0;

  begin(sha256: string): void {
    if (sha256 !== this.#sha256) this.clear();
    this.#sha256 = sha256;
  }

  append(bytes: Uint8Array): void {
    this.#chunks.push(Uint8Array.from(bytes));
    this.length += bytes.length;
  }

  clear(): void {
    this.#chunks = [];
    this.length = 0;
  }

  chunks(): Iterable<Uint8Array> {
    return this.#chunks;
  }
}
