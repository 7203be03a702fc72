import { BatchedSaving } from './batched-saving.ts';
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

/**
 * A bounded list of each device, oldest row first, that outlives a restart. A change costs a mark in memory; `save` writes
 * the lists that have changed. A hub that is killed loses the changes since.
 */
export class DeviceLists<Row> {
  readonly #deps: DeviceListsDeps<Row>;
  readonly #lists = new Map<string, List<Row>>();
  readonly #saving: BatchedSaving;

  constructor(deps: DeviceListsDeps<Row>) {
    this.#deps = deps;
    this.#saving = new BatchedSaving({
      log: deps.log,
      what: 'history of devices',
      write: (deviceIds) => this.#write(deviceIds),
    });
  }

  /** Lists that were not saved, or not read, each time. */
  get saveFailures(): number {
    return this.#saving.failures;
  }

  /** The last row, which may be changed; undefined when none came since the start. Call `changed` afterwards. */
  last(deviceId: string): Row | undefined {
    return this.#lists.get(deviceId)?.rows.at(-1);
  }

  add(deviceId: string, row: Row): void {
    const { rows } = this.#listOf(deviceId);
    rows.push(row);
    this.#deps.bound(rows);
    this.#saving.mark(deviceId);
  }

  /** Its last row is another now. */
  changed(deviceId: string): void {
    this.#saving.mark(deviceId);
  }

  /** Oldest first; if the disk fails, only those since the start. */
  async of(deviceId: string): Promise<readonly Row[]> {
    const list = this.#listOf(deviceId);
    await this.#saving.tried([deviceId], () => this.#complete([deviceId]));
    return list.rows;
  }

  forget(deviceId: string): void {
    this.#lists.delete(deviceId);
    this.#saving.forget(deviceId);
  }

  /** Saves some of the lists that have changed. To be called every second or so. */
  save(): Promise<void> {
    return this.#saving.save();
  }

  /** Saves all of them, or as many as the disk takes. */
  saveAll(): Promise<void> {
    return this.#saving.saveAll();
  }

  #listOf(deviceId: string): List<Row> {
    let list = this.#lists.get(deviceId);
    if (list === undefined) {
      list = { rows: [], whole: false };
      this.#lists.set(deviceId, list);
    }
    return list;
  }

  async #write(ids: readonly string[]): Promise<void> {
    await this.#complete(ids);
    const lists = new Map<string, readonly Row[]>();
    for (const id of ids) {
      const list = this.#lists.get(id);
      if (list?.whole === true) lists.set(id, list.rows);
    }
    await this.#deps.store.save(lists);
  }

  /** Puts what is on disk before what came since. @throws HubError `database-failed` */
  async #complete(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => this.#lists.get(id)?.whole === false);
    if (missing.length === 0) return;
    const lists = missing.map((id) => [id, this.#listOf(id)] as const);
    const stored = await this.#deps.store.load(missing);
    for (const [id, list] of lists) {
      if (list.whole) continue;
      list.rows.unshift(...(stored.get(id) ?? []));
      this.#deps.bound(list.rows);
      list.whole = true;
    }
  }
}
