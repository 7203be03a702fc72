import type { TwinChange } from '../../../schemas/api/twins/twins.ts';
import type { TwinRow, TwinStore } from '../../../hub/twins/twin-store.ts';
import type { Twin } from '../../../hub/twins/twin.ts';

/** Twins on a disk that a test holds up, breaks or loses. */
export class MemoryTwinStore implements TwinStore {
  readonly rows = new Map<string, Twin>();
  readonly changes = new Map<string, TwinChange[]>();
  /** Awaited before a write counts; may throw. */
  beforeSave: () => Promise<void> | void = () => undefined;
  saves = 0;
  finds = 0;

  page(after: string, limit: number): Promise<{ device: string; twin: Twin }[]> {
    const ids = [...this.rows.keys()].toSorted().filter((id) => id > after);
    return Promise.resolve(ids.slice(0, limit).flatMap((device) => this.#row(device)));
  }

  find(device: string): Promise<Twin | undefined> {
    this.finds += 1;
    return Promise.resolve(this.rows.get(device));
  }

  async save(rows: readonly TwinRow[]): Promise<string[]> {
    await this.beforeSave();
    this.saves += 1;
    for (const { device, twin, changes } of rows) {
      this.rows.set(device, structuredClone(twin));
      const entries = changes.map(({ requester, rev, timeMs, patch }) => ({
        rev,
        timeMs,
        ...requester,
        patch,
      }));
      this.changes.set(device, [...entries.toReversed(), ...(this.changes.get(device) ?? [])]);
    }
    return [];
  }

  history(device: string, limit: number): Promise<TwinChange[]> {
    return Promise.resolve((this.changes.get(device) ?? []).slice(0, limit));
  }

  #row(device: string): { device: string; twin: Twin }[] {
    const twin = this.rows.get(device);
    return twin === undefined ? [] : [{ device, twin }];
  }
}
