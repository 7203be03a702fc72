import type { DeviceRow, RowChange } from './device-row.ts';

/** What the live feed tells of the fleet since its last message. */
export interface FleetChange {
  devices?: readonly RowChange[];
  removed?: readonly string[];
  added?: readonly DeviceRow[];
}

/**
 * Every device of the fleet, from pages of the list and the live feed together: the feed may tell of a change
 * before or after the page that holds the device arrives, and the newer of both stays. Rows are changed in
 * place: thousands of changes a second make no garbage.
 */
export class Fleet {
  readonly #rows = new Map<string, DeviceRow>();
  /** Of a load under way: what its pages or the feed named, and what the feed took away. */
  #named: Set<string> | undefined;
  #removed = new Set<string>();
  /** Rises when devices come or go, or change what is fixed about them. */
  structure = 0;

  get size(): number {
    return this.#rows.size;
  }

  values(): Iterable<DeviceRow> {
    return this.#rows.values();
  }

  get(id: string): DeviceRow | undefined {
    return this.#rows.get(id);
  }

  /** A load of all pages begins. */
  beginLoad(): void {
    this.#named = new Set();
    this.#removed = new Set();
  }

  addPage(rows: readonly DeviceRow[]): void {
    for (const row of rows) {
      this.#named?.add(row.id);
      if (!this.#removed.has(row.id)) this.#put(row);
    }
    this.structure += 1;
  }

  /** All pages are there: what none of them named is gone. */
  endLoad(): void {
    for (const id of this.#rows.keys()) if (this.#named?.has(id) === false) this.#rows.delete(id);
    this.#named = undefined;
    this.#removed = new Set();
    this.structure += 1;
  }

  apply({ devices = [], removed = [], added = [] }: FleetChange): void {
    for (const id of removed) {
      this.#rows.delete(id);
      this.#removed.add(id);
    }
    for (const row of added) {
      this.#named?.add(row.id);
      this.#removed.delete(row.id);
      this.#put(row);
    }
    for (const [id, presence, sinceMs, lastDataMs] of devices) {
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      row.presence = presence;
      row.sinceMs = sinceMs;
      row.lastDataMs = lastDataMs;
    }
    if (removed.length > 0 || added.length > 0) this.structure += 1;
  }

  #put(row: DeviceRow): void {
    const known = this.#rows.get(row.id);
    if (known !== undefined && (known.sinceMs ?? 0) > (row.sinceMs ?? 0)) {
      row.presence = known.presence;
      row.sinceMs = known.sinceMs;
    }
    if (known?.lastDataMs !== undefined && (known.lastDataMs ?? 0) > (row.lastDataMs ?? 0)) {
      row.lastDataMs = known.lastDataMs;
    }
    this.#rows.set(row.id, row);
  }
}
