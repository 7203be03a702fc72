import type { DeviceSummary } from '../../../../schemas/api/devices.ts';
import type { FleetChange, RowChange } from '../../../../schemas/api/live.ts';

/**
 * Every device of the fleet, from pages of the list and the live feed together. Rows are changed in place:
 * thousands of changes a second make no garbage.
 */
export class Fleet {
  readonly #rows = new Map<string, DeviceSummary>();
  /** Of a load under way: ids that a page or the feed named. */
  #named: Set<string> | undefined;
  /** And what the feed reported meanwhile, which may be newer than a page that comes after it. */
  #removed = new Set<string>();
  #live = new Map<string, RowChange>();
  /** Rises when devices come or go, or change what is fixed about them. */
  structure = 0;

  get size(): number {
    return this.#rows.size;
  }

  values(): Iterable<DeviceSummary> {
    return this.#rows.values();
  }

  /** A load of all pages begins. */
  beginLoad(): void {
    this.#named = new Set();
    this.#removed = new Set();
    this.#live = new Map();
  }

  addPage(rows: readonly DeviceSummary[]): void {
    for (const row of rows) {
      const { id } = row;
      this.#named?.add(id);
      if (this.#removed.has(id)) continue;
      const live = this.#live.get(id);
      if (live !== undefined) applyNewer(row, live);
      this.#rows.set(id, row);
    }
    this.structure += 1;
  }

  /** All pages are there: what none of them named is gone. */
  endLoad(): void {
    for (const id of this.#rows.keys()) if (this.#named?.has(id) === false) this.#rows.delete(id);
    this.#named = undefined;
    this.#removed = new Set();
    this.#live = new Map();
    this.structure += 1;
  }

  apply({ devices = [], removed = [], added = [] }: Partial<FleetChange>): void {
    const loading = this.#named !== undefined;
    for (const id of removed) {
      this.#rows.delete(id);
      if (loading) this.#removed.add(id);
    }
    for (const row of added) {
      this.#named?.add(row.id);
      this.#removed.delete(row.id);
      this.#rows.set(row.id, row);
    }
    for (const change of devices) {
      const [id, presence, sinceMs, lastDataMs] = change;
      if (loading) this.#live.set(id, change);
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      row.presence = presence;
      row.sinceMs = sinceMs;
      // A hub that does not have the device knows less of its data.
      row.lastDataMs = Math.max(lastDataMs ?? 0, row.lastDataMs ?? 0) || null;
    }
    if (removed.length > 0 || added.length > 0) this.structure += 1;
  }
}

/** The page may have been made before the change was reported, or after it. */
function applyNewer(row: DeviceSummary, [, presence, sinceMs, lastDataMs]: RowChange): void {
  if ((sinceMs ?? 0) >= (row.sinceMs ?? 0)) {
    row.presence = presence;
    row.sinceMs = sinceMs;
  }
  if ((lastDataMs ?? 0) >= (row.lastDataMs ?? 0)) row.lastDataMs = lastDataMs;
}
