import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ImportState } from '../../schemas/store-import.ts';

/** Where an import into one target is, in a file: an interrupted one goes on from there. */
export class ImportFile {
  readonly #file: string;
  readonly #target: string;

  /** @param target what gets the points: an import into another one begins anew */
  constructor(file: string, target: string) {
    this.#file = file;
    this.#target = target;
  }

  /** Undefined: from the beginning. */
  load(): ImportState | undefined {
    if (!existsSync(this.#file)) return undefined;
    try {
      const { target, state } = JSON.parse(readFileSync(this.#file, 'utf8')) as {
        target?: string;
        state?: ImportState;
      };
      if (target === this.#target && state !== undefined) return state;
    } catch {
      // It is only a shortcut: whatever is in the way, every point can be written again.
    }
    return undefined;
  }

  /** Never half a state: it is whole when it gets its place. */
  save(state: ImportState): void {
    const fresh = `${this.#file}.new`;
    writeFileSync(fresh, JSON.stringify({ target: this.#target, state }), { mode: 0o600, flush: true });
    renameSync(fresh, this.#file);
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }
}
