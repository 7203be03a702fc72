import { deviceUnknown } from '../kernel/errors.ts';
import type { DesiredChange, TwinRow, TwinStore } from './twin-store.ts';
import type { Twin } from './twin.ts';

/** Rows written at a time: one commit, and what memory and the disk hold up others for. */
const mostAtOnce = 500;

interface Pending {
  twin: Twin;
  changes: DesiredChange[];
  waiters: { resolve: () => void; reject: (error: unknown) => void }[];
}

/** Another hub has changed the twin since it was read: the change is to be made again, of what is on disk now. */
class TwinOvertaken extends Error {}

/** Runs it again until no other hub has changed the twin meanwhile. */
export async function unlessOvertaken<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TwinOvertaken)) throw error;
    }
  }
}

/** Who keeps the twins in memory. */
interface Keeper {
  /** As it is on disk; undefined: nothing of it is. */
  onDisk(device: string): Twin | undefined;
  /** This is on disk now. */
  saved(device: string, twin: Twin): void;
  /** What was to be written of this device is not: what is on disk counts. */
  failed(device: string): void;
}

/**
 * Writes twins, one batch at a time. What changes of a device while a batch is written is one row of the next, so the size of the
 * fleet bounds what waits.
 */
export class TwinSaving {
  readonly #store: Pick<TwinStore, 'save'>;
  readonly #keeper: Keeper;
  #pending = new Map<string, Pending>();
  #writing: Promise<void> | undefined;
  failures = 0;

  constructor(store: Pick<TwinStore, 'save'>, keeper: Keeper) {
    this.#store = store;
    this.#keeper = keeper;
  }

  /** Resolves when the twin is on disk, perhaps with later changes. @throws HubError `database-failed` · TwinOvertaken */
  save(device: string, twin: Twin, change?: DesiredChange): Promise<void> {
    return new Promise((resolve, reject) => {
      const pending = this.#pending.get(device) ?? { twin, changes: [], waiters: [] };
      pending.twin = twin;
      if (change !== undefined) pending.changes.push(change);
      pending.waiters.push({ resolve, reject });
      this.#pending.set(device, pending);
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  /** The device is gone: what waits to be written of it is not. */
  drop(device: string): void {
    const pending = this.#pending.get(device);
    this.#pending.delete(device);
    for (const { reject } of pending?.waiters ?? []) reject(deviceUnknown(device));
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    // What else changes in this turn of the event loop belongs to the same commit.
    await Promise.resolve();
    while (this.#pending.size > 0) {
      const batch = [...this.#pending].slice(0, mostAtOnce);
      for (const [device] of batch) this.#pending.delete(device);
      const rows: TwinRow[] = batch.map(([device, { twin, changes }]) => {
        const from = this.#keeper.onDisk(device);
        return { device, twin, from, changes };
      });
      let left: ReadonlySet<string>;
      try {
        left = new Set(await this.#store.save(rows));
      } catch (error) {
        this.failures += batch.length;
        this.#failed(batch, error);
        continue;
      }
      for (const each of batch) {
        const [device, { twin, waiters }] = each;
        if (left.has(device)) {
          this.#failed([each], new TwinOvertaken());
          continue;
        }
        this.#keeper.saved(device, twin);
        for (const { resolve } of waiters) resolve();
      }
    }
  }

  /** What changed since then was built on what is not on disk. */
  #failed(batch: readonly (readonly [string, Pending])[], error: unknown): void {
    for (const [device, { waiters }] of batch) {
      const later = this.#pending.get(device);
      this.#pending.delete(device);
      this.#keeper.failed(device);
      for (const { reject } of [...waiters, ...(later?.waiters ?? [])]) reject(error);
    }
  }
}
