import { BatchedSaving } from './batched-saving.ts';
import { isAnswerLost } from './errors.ts';
import type { Log } from './log.ts';

/** Of one device, from writes that failed. */
const mostDoubtful = 100;
/** Two hubs, or a hub that saves late, are not so far apart, ms. */
const aheadMs = 60_000;

/** The rows of each device on disk. Every method may reject with HubError `database-failed`. */
export interface DeviceListStore<Row> {
  /** Devices without rows are left out. */
  load(deviceIds: readonly string[]): Promise<ReadonlyMap<string, Row[]>>;
  /**
   * Changes the rows of each device, as they are stored now: another hub may have changed them since they were read. A change may be
   * called several times.
   * @returns what is stored then; devices that are not registered are left out
   */
  save(changes: ReadonlyMap<string, ListChange<Row>>): Promise<ReadonlyMap<string, Row[]>>;
}

export type ListChange<Row> = (stored: readonly Row[]) => Row[];

export interface DeviceListsDeps<Row> {
  store: DeviceListStore<Row>;
  log: Log;
  /** Removes what is too much; called when there are more. */
  bound: (rows: Row[]) => void;
  /** When a row was made, or changed last, Unix ms. */
  timeOf: (row: Row) => number;
}

interface List<Row> {
  rows: Row[];
  /** What an earlier hub, or another one, left is among them. It is read when somebody asks for it, or when they are saved. */
  whole: boolean;
  /** Those of `rows` that came, or were changed, since they were saved. */
  fresh: Set<Row>;
  /** Rows as they may have been stored, by a write that failed. */
  doubtful: ReadonlySet<string>;
  /** The last row, which alone may be changed, and how it is stored. */
  last?: { row: Row; text: string } | undefined;
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
    const { rows, fresh } = this.#listOf(deviceId);
    rows.push(row);
    this.#deps.bound(rows);
    fresh.add(row);
    // No more than the list itself has.
    if (fresh.size > 2 * rows.length) for (const each of fresh) if (!rows.includes(each)) fresh.delete(each);
    this.#saving.mark(deviceId);
  }

  /** Its last row is another now. */
  changed(deviceId: string): void {
    const { rows, fresh } = this.#listOf(deviceId);
    const last = rows.at(-1);
    if (last !== undefined) fresh.add(last);
    this.#saving.mark(deviceId);
  }

  /** Another hub had the device, and may have added rows. */
  changedElsewhere(deviceId: string): void {
    const list = this.#lists.get(deviceId);
    if (list === undefined) return;
    list.whole = false;
    list.rows = [...list.fresh];
  }

  /** Oldest first; if the disk fails, only those since the start. */
  async of(deviceId: string): Promise<readonly Row[]> {
    const list = this.#listOf(deviceId);
    await this.#saving.tried([deviceId], () => this.#complete(deviceId));
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
      list = { rows: [], whole: false, fresh: new Set(), doubtful: new Set() };
      this.#lists.set(deviceId, list);
    }
    return list;
  }

  async #write(ids: readonly string[]): Promise<void> {
    const taken = new Map<string, { list: List<Row>; fresh: Set<Row>; texts: string[] }>();
    const changes = new Map<string, ListChange<Row>>();
    const ends = new Map<string, List<Row>['last']>();
    for (const id of ids) {
      const list = this.#lists.get(id);
      if (list === undefined) continue;
      const { fresh } = list;
      list.fresh = new Set();
      // As they are now: the last one may change while it is written.
      taken.set(id, { list, fresh, texts: [...fresh].map((row) => JSON.stringify(row)) });
      changes.set(id, (stored) => {
        // The device was removed meanwhile.
        if (this.#lists.get(id) !== list) return [...stored];
        const rows = this.#merged(list, stored, fresh);
        const row = rows.at(-1);
        ends.set(id, row === undefined ? undefined : { row, text: JSON.stringify(row) });
        return rows;
      });
    }
    try {
      for (const [id, rows] of await this.#deps.store.save(changes)) {
        const list = this.#lists.get(id);
        // It may have been removed meanwhile.
        if (list === undefined || list !== taken.get(id)?.list) continue;
        list.rows = [...rows, ...[...list.fresh].filter((row) => !rows.includes(row))];
        this.#deps.bound(list.rows);
        list.whole = true;
        list.doubtful = new Set();
        list.last = ends.get(id);
      }
    } catch (error) {
      for (const { list, fresh, texts } of taken.values()) {
        if (isAnswerLost(error)) list.doubtful = new Set([...list.doubtful, ...texts].slice(-mostDoubtful));
        list.fresh = new Set([...fresh, ...list.fresh]);
      }
      throw error;
    }
  }

  /** Puts what is on disk before what came since. @throws HubError `database-failed` */
  async #complete(id: string): Promise<void> {
    if (this.#listOf(id).whole) return;
    const stored = (await this.#deps.store.load([id])).get(id) ?? [];
    const list = this.#listOf(id);
    if (list.whole) return;
    list.rows = this.#merged(list, stored, new Set(list.rows));
    list.whole = true;
    const row = list.rows.at(-1);
    if (list.fresh.size === 0 && row !== undefined) list.last = { row, text: JSON.stringify(row) };
  }

  /**
   * What is stored and what came since, by time. A row that was changed, or written by a try whose answer was lost, is not there twice.
   * Where the stored times are ahead, the clock was: what came since is behind them, or it would be the first to be too much.
   */
  #merged({ last, doubtful }: List<Row>, stored: readonly Row[], fresh: ReadonlySet<Row>): Row[] {
    const { bound, timeOf } = this.#deps;
    const before = new Set(doubtful);
    if (last !== undefined && fresh.has(last.row)) before.add(last.text);
    const kept = before.size === 0 ? stored : stored.filter((row) => !before.has(JSON.stringify(row)));
    const newestMs = Math.max(...[...fresh].map(timeOf));
    const wasAhead = kept.some((row) => timeOf(row) > newestMs + aheadMs);
    const all = [...kept, ...fresh];
    const rows = wasAhead ? all : all.toSorted((a, b) => timeOf(a) - timeOf(b));
    bound(rows);
    return rows;
  }
}
