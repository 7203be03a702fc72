import { messageOf } from './errors.ts';
import type { Log } from './log.ts';

/** The rows of each device on disk. Every method may reject with HubError `database-failed`. */
export interface DeviceListStore<Row> {
  /** Devices without rows are left out. */
  load(deviceIds: readonly string[]): Promise<ReadonlyMap<string, Row[]>>;
  /** Replaces the rows of these devices, in one transaction. */
  save(lists: ReadonlyMap<string, readonly Row[]>): Promise<void>;
}

export interface DeviceListsDeps<Row> {
  store: DeviceListStore<Row>;
  log: Log;
  /** Removes what is too much; called when there are more. */
  bound: (rows: Row[]) => void;
}

interface List<Row> {
  rows: Row[];
  /** What an earlier hub left is among them. It is read when somebody asks for it, or before they are saved. */
  whole: boolean;
}

/** Saved at a time, so that a fleet that connects at once costs a little every second instead of much at one time. */
const mostAtOnce = 100;

/**
 * A bounded list of each device, oldest row first, that outlives a restart. A change costs a mark in memory; `save` writes
 * the lists that have changed. A hub that is killed loses the changes since.
 */
export class DeviceLists<Row> {
  readonly #deps: DeviceListsDeps<Row>;
  readonly #lists = new Map<string, List<Row>>();
  readonly #changed = new Set<string>();
  #saving: Promise<boolean> | undefined;
  /** Lists that were not saved, each time. They are saved later, unless the hub ends before. */
  saveFailures = 0;

  constructor(deps: DeviceListsDeps<Row>) {
    this.#deps = deps;
  }

  /** The last row, which may be changed; undefined when none came since the start. Call `changed` afterwards. */
  last(deviceId: string): Row | undefined {
    return this.#lists.get(deviceId)?.rows.at(-1);
  }

  add(deviceId: string, row: Row): void {
    const { rows } = this.#listOf(deviceId);
    rows.push(row);
    this.#deps.bound(rows);
    this.#changed.add(deviceId);
  }

  /** Its last row is another now. */
  changed(deviceId: string): void {
    this.#changed.add(deviceId);
  }

  /** Oldest first; if the disk fails, only those since the start. */
  async of(deviceId: string): Promise<readonly Row[]> {
    const list = this.#listOf(deviceId);
    await this.#complete([deviceId]);
    return list.rows;
  }

  forget(deviceId: string): void {
    this.#lists.delete(deviceId);
    this.#changed.delete(deviceId);
  }

  /** Saves some of the lists that have changed. To be called every second or so. */
  async save(): Promise<void> {
    await this.#saveSome();
  }

  /** Saves all of them, or as many as the disk takes. */
  async saveAll(): Promise<void> {
    while (this.#changed.size > 0 && (await this.#saveSome()));
  }

  #listOf(deviceId: string): List<Row> {
    let list = this.#lists.get(deviceId);
    if (list === undefined) {
      list = { rows: [], whole: false };
      this.#lists.set(deviceId, list);
    }
    return list;
  }

  /** @returns whether the disk took them */
  #saveSome(): Promise<boolean> {
    this.#saving ??= this.#saveNow().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #saveNow(): Promise<boolean> {
    const ids = [...this.#changed].slice(0, mostAtOnce);
    if (ids.length === 0) return true;
    for (const id of ids) this.#changed.delete(id);
    const saved = (await this.#complete(ids)) && (await this.#tried(ids, () => this.#write(ids)));
    // Not those that were removed meanwhile.
    if (!saved) for (const id of ids) if (this.#lists.has(id)) this.#changed.add(id);
    return saved;
  }

  #write(ids: readonly string[]): Promise<void> {
    const lists = new Map<string, readonly Row[]>();
    for (const id of ids) {
      const list = this.#lists.get(id);
      if (list?.whole === true) lists.set(id, list.rows);
    }
    return this.#deps.store.save(lists);
  }

  /** Puts what is on disk before what came since. @returns false when the disk fails */
  #complete(ids: readonly string[]): Promise<boolean> {
    const missing = ids.filter((id) => this.#lists.get(id)?.whole === false);
    if (missing.length === 0) return Promise.resolve(true);
    const lists = missing.map((id) => [id, this.#listOf(id)] as const);
    return this.#tried(missing, async () => {
      const stored = await this.#deps.store.load(missing);
      for (const [id, list] of lists) {
        if (list.whole) continue;
        list.rows.unshift(...(stored.get(id) ?? []));
        this.#deps.bound(list.rows);
        list.whole = true;
      }
    });
  }

  async #tried(ids: readonly string[], work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.saveFailures += ids.length;
      this.#deps.log.error({ error: messageOf(error), devices: ids.length }, 'history of devices not saved');
      return false;
    }
  }
}
