import { messageOf } from './errors.ts';
import type { Log } from './log.ts';

interface Deps {
  log: Log;
  /** What is saved, as the log names it. */
  what: string;
  /** Writes what these keys stand for now. */
  write: (keys: readonly string[]) => Promise<void>;
}

/** Saved at a time, so that a fleet that connects at once costs a little every second instead of much at one time. */
const mostAtOnce = 100;

/**
 * Saves what has changed in memory, one batch at a time and never two at once. A change costs a mark. What the disk does
 * not take stays marked.
 */
export class BatchedSaving {
  readonly #deps: Deps;
  readonly #marked = new Set<string>();
  /** Those of the batch that is being written. */
  readonly #underWay = new Set<string>();
  #saving: Promise<boolean> | undefined;
  /** Keys that were not saved, each time. They are saved later, unless the hub ends before. */
  failures = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** It has changed. */
  mark(key: string): void {
    this.#marked.add(key);
  }

  /** There is nothing to save of it any more. */
  forget(key: string): void {
    this.#marked.delete(key);
    this.#underWay.delete(key);
  }

  /** Saves some of what has changed. To be called every second or so. */
  async save(): Promise<void> {
    await this.#saveSome();
  }

  /** Saves all of it, or as much as the disk takes; resolves when nothing is being written any more. */
  async saveAll(): Promise<void> {
    while ((this.#saving !== undefined || this.#marked.size > 0) && (await this.#saveSome()));
  }

  /** @returns false when the disk fails, which is logged and counted */
  async tried(keys: readonly string[], work: () => Promise<void>): Promise<boolean> {
    const { log, what } = this.#deps;
    try {
      await work();
      return true;
    } catch (error) {
      this.failures += keys.length;
      log.error({ error: messageOf(error), count: keys.length }, `${what} not saved`);
      return false;
    }
  }

  /** @returns whether the disk took them */
  #saveSome(): Promise<boolean> {
    this.#saving ??= this.#saveNow().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #saveNow(): Promise<boolean> {
    const keys = [...this.#marked].slice(0, mostAtOnce);
    if (keys.length === 0) return true;
    for (const key of keys) {
      this.#marked.delete(key);
      this.#underWay.add(key);
    }
    const saved = await this.tried(keys, () => this.#deps.write(keys));
    if (!saved) for (const key of this.#underWay) this.#marked.add(key);
    this.#underWay.clear();
    return saved;
  }
}
