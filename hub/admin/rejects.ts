import type { RejectReport, RejectRow } from '../../schemas/api/telemetry/rejects.ts';
import type { NackFrame } from '../../schemas/index.ts';
import { BatchedSaving } from '../kernel/batched-saving.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { NackedDevice } from '../sessions/nack.ts';

interface Share {
  count: number;
  lastMs: number;
  message: string;
}

type Common = Pick<RejectRow, 'type' | 'stream' | 'field' | 'rule' | 'firmware'>;

interface Entry {
  common: Common;
  /** The first device of the row. */
  by: string;
  count: number;
  /** When the last of them was refused, Unix ms. */
  lastMs: number;
  /** The store has had it, or is getting it now. */
  inStore: boolean;
  /** The devices that were refused last. A limited viewer gets the total of its own. */
  devices: Map<string, Share>;
}

type Counted = Omit<Entry, 'inStore'>;

/** A row as it is stored; `devices` in the order of their last refusal. */
export interface StoredReject extends Omit<Entry, 'devices' | 'inStore'> {
  devices: [string, Share][];
}

/** What becomes of a row as it is stored now, undefined for none. It may be called several times. */
export type RejectChange = (stored: StoredReject | undefined) => StoredReject | undefined;

/** Every method may reject with HubError `database-failed`. */
export interface RejectStore {
  /** Of all hubs; the row whose last refusal is oldest comes first. */
  load(): Promise<{ entries: StoredReject[]; other: number }>;
  /** @param changes by the key of the row; @param other is added to what is stored */
  save(changes: ReadonlyMap<string, RejectChange>, other: number): Promise<void>;
}

interface RejectsDeps {
  clock: Clock;
  store: RejectStore;
  /** Other hubs count in the same store. */
  shared: boolean;
  log: Log;
}

const maxRows = 1_000;
const maxDevices = 50;
/** Rows that one device may start: it chooses paths and firmware itself. */
const maxRowsOfDevice = 20;
/** What other hubs have counted is read again after this, ms. */
const freshMs = 2_000;
/** A row is dropped when nothing was refused for so long, ms: its firmware is in use no more, or mended. */
const keptMs = 7 * 86_400_000;

/**
 * Refusals by field and firmware, over restarts. When full, the row whose last refusal is oldest is dropped. A refusal costs
 * a mark in memory; `save` writes the rows that have changed.
 */
export class Rejects {
  readonly #deps: RejectsDeps;
  /** By everything they have in common; the most recent one is last. */
  readonly #entries = new Map<string, Entry>();
  /** How many rows each device started. */
  readonly #begun = new Map<string, number>();
  /** Of rows that were changed or dropped since they were saved. */
  readonly #saving: BatchedSaving;
  /** What has come since the rows were saved. */
  readonly #unsaved = new Map<string, Unsaved>();
  #other = 0;
  /** How much of it is not saved. */
  #unsavedOther = 0;
  /** Rises with each write, so that what was read before it is not taken for what is there after it. */
  #writes = 0;
  /** When the store was read, monotonic ms. */
  #freshMs = -Infinity;

  constructor(deps: RejectsDeps) {
    this.#deps = deps;
    this.#saving = new BatchedSaving({
      log: deps.log,
      what: 'refusals',
      write: (keys) => this.#write(keys),
    });
  }

  /** Rows that were not saved, each time. */
  get saveFailures(): number {
    return this.#saving.failures;
  }

  /** Takes up what an earlier hub counted, but of devices that were removed since. */
  async load(isKnown: (deviceId: string) => boolean): Promise<void> {
    const { entries, other } = await this.#deps.store.load();
    this.#take(entries, other);
    const removed = new Set(entries.flatMap(({ devices }) => devices.map(([id]) => id)));
    for (const id of removed) if (!isKnown(id)) this.forget(id);
    this.#dropOld();
  }

  /**
   * Counts refusals that name a field.
   * @param message as the device's own list has it
   * @returns its row; undefined when it names no field, or its device has started enough rows
   */
  note(
    device: NackedDevice,
    { errors }: NackFrame,
    stream: string | undefined,
    message: string,
  ): Common | undefined {
    const [error] = errors ?? [];
    if (error === undefined) return undefined;
    const { type = '', firmware = '' } = device;
    const common = { type, stream: stream ?? '', field: error.path, rule: error.keyword, firmware };
    const key = keyOf(common);
    const entry = this.#entries.get(key) ?? this.#begin(device.id, common);
    if (entry === undefined) {
      this.#countOther(1);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#saving.mark(key);
    const lastMs = this.#deps.clock.now();
    for (const row of [entry, this.#unsavedOf(key, entry)]) {
      row.count += 1;
      row.lastMs = lastMs;
      addShare(row.devices, device.id, { count: 1, lastMs, message });
    }
    for (const [oldest, dropped] of this.#entries) {
      if (this.#entries.size <= maxRows) break;
      this.#drop(oldest, dropped);
    }
    return common;
  }

  /** @param mayShow not given: of all devices; otherwise of those among the last of each row that it may show */
  report(mayShow?: MayShow): RejectReport {
    this.#dropOld();
    const rejects = [...this.#entries.values()].flatMap((entry) => rowOf(entry, mayShow) ?? []);
    return {
      rejects: rejects.toSorted((a, b) => b.count - a.count || b.lastMs - a.lastMs),
      other: mayShow === undefined ? this.#other : 0,
    };
  }

  /** As `report`, with what other hubs have counted, as far as the store answers. */
  async currentReport(mayShow?: MayShow): Promise<RejectReport> {
    const nowMs = this.#deps.clock.monotonic();
    if (this.#deps.shared && nowMs - this.#freshMs >= freshMs) {
      this.#freshMs = nowMs;
      await this.#refresh();
    }
    return this.report(mayShow);
  }

  forget(deviceId: string): void {
    for (const [key, entry] of this.#entries) {
      if (!entry.devices.delete(deviceId)) continue;
      this.#saving.mark(key);
      const unsaved = this.#unsavedOf(key, entry);
      unsaved.devices.delete(deviceId);
      unsaved.forgotten.add(deviceId);
      if (entry.devices.size === 0) this.#drop(key, entry);
    }
    this.#begun.delete(deviceId);
  }

  /** Saves some of the rows that have changed. To be called every second or so. */
  save(): Promise<void> {
    return this.#saving.save();
  }

  /** Saves all of them, or as many as the disk takes. */
  saveAll(): Promise<void> {
    return this.#saving.saveAll();
  }

  /** Reads what other hubs have counted. */
  async #refresh(): Promise<void> {
    const writes = this.#writes;
    await this.#saving.tried([], async () => {
      const { entries, other } = await this.#deps.store.load();
      // What is being written is in the store, or still to come.
      if (writes !== this.#writes || writes % 2 === 1) return;
      this.#entries.clear();
      this.#begun.clear();
      this.#take(entries, other + this.#unsavedOther);
      for (const [key, unsaved] of this.#unsaved) {
        const inStore = this.#entries.has(key);
        const row = { ...withUnsaved(this.#entries.get(key), unsaved), inStore };
        if (row.devices.size > 0 && !unsaved.dropped) this.#entries.set(key, row);
        else this.#entries.delete(key);
      }
    });
  }

  #take(entries: readonly StoredReject[], other: number): void {
    this.#other = other;
    for (const { devices, ...entry } of entries) {
      this.#entries.set(keyOf(entry.common), { ...entry, inStore: true, devices: new Map(devices) });
      this.#begun.set(entry.by, (this.#begun.get(entry.by) ?? 0) + 1);
    }
  }

  async #write(keys: readonly string[]): Promise<void> {
    const changes = new Map<string, RejectChange>();
    const taken = new Map<string, Unsaved>();
    for (const key of keys) {
      const unsaved = this.#unsaved.get(key);
      if (unsaved === undefined) continue;
      this.#unsaved.delete(key);
      taken.set(key, unsaved);
      const entry = this.#entries.get(key);
      if (entry !== undefined) entry.inStore = true;
      changes.set(key, (stored) => storedOf(stored, unsaved));
    }
    const other = this.#unsavedOther;
    this.#unsavedOther = 0;
    this.#writes += 1;
    try {
      await this.#deps.store.save(changes, other);
    } catch (error) {
      this.#unsavedOther += other;
      for (const [key, unsaved] of taken) {
        const since = this.#unsaved.get(key);
        this.#unsaved.set(key, since === undefined ? unsaved : both(unsaved, since));
      }
      throw error;
    } finally {
      this.#writes += 1;
    }
  }

  #unsavedOf(key: string, { common, by }: Entry): Unsaved {
    let unsaved = this.#unsaved.get(key);
    if (unsaved === undefined) {
      unsaved = { common, by, count: 0, lastMs: 0, devices: new Map(), forgotten: new Set(), dropped: false };
      this.#unsaved.set(key, unsaved);
    }
    return unsaved;
  }

  #countOther(more: number): void {
    this.#other += more;
    this.#unsavedOther += more;
  }

  #begin(by: string, common: Common): Entry | undefined {
    const begun = this.#begun.get(by) ?? 0;
    if (begun >= maxRowsOfDevice) return undefined;
    this.#begun.set(by, begun + 1);
    return { common, by, count: 0, lastMs: 0, inStore: false, devices: new Map() };
  }

  #dropOld(): void {
    const endMs = this.#deps.clock.now() - keptMs;
    for (const [key, entry] of this.#entries) if (entry.lastMs < endMs) this.#drop(key, entry);
  }

  #drop(key: string, entry: Entry): void {
    const { count, by } = entry;
    this.#countOther(count);
    this.#entries.delete(key);
    if (entry.inStore) {
      const unsaved = this.#unsavedOf(key, entry);
      this.#unsaved.set(key, { ...unsaved, ...entry, devices: new Map(), count: 0, dropped: true });
      this.#saving.mark(key);
    } else {
      // Nobody else knows it.
      this.#unsaved.delete(key);
      this.#saving.forget(key);
    }
    const begun = this.#begun.get(by) ?? 0;
    if (begun > 1) this.#begun.set(by, begun - 1);
    else this.#begun.delete(by);
  }
}

function keyOf(common: Common): string {
  const { type, stream, field, rule, firmware } = common;
  return JSON.stringify([type, stream, field, rule, firmware]);
}

function rowOf({ devices, count, common }: Entry, mayShow: MayShow | undefined): RejectRow | undefined {
  const visible = mayShow === undefined ? [...devices] : [...devices].filter(([id]) => mayShow(id));
  const [first, ...others] = visible;
  const last =
    first && others.reduce((newest, each) => (each[1].lastMs >= newest[1].lastMs ? each : newest), first);
  if (last === undefined) return undefined;
  const [device, { lastMs, message }] = last;
  const sum = mayShow === undefined ? count : visible.reduce((total, [, share]) => total + share.count, 0);
  return { ...common, count: sum, lastMs, example: { device, message } };
}

function addShare(devices: Map<string, Share>, id: string, { count, lastMs, message }: Share): void {
  const before = devices.get(id)?.count ?? 0;
  // The most recent one is last.
  devices.delete(id);
  devices.set(id, { count: before + count, lastMs, message });
  const [first] = devices.keys();
  if (devices.size > maxDevices && first !== undefined) devices.delete(first);
}

/** Refusals since a row was saved. */
interface Unsaved extends Counted {
  /** Devices that were removed. */
  forgotten: Set<string>;
  /** The row as it was is no more; what came afterwards begins another. */
  dropped: boolean;
}

function both(one: Unsaved, since: Unsaved): Unsaved {
  if (since.dropped) return since;
  const forgotten = new Set([...one.forgotten, ...since.forgotten]);
  return { ...since, ...withUnsaved(one, since), forgotten, dropped: one.dropped };
}

function withUnsaved(row: Counted | undefined, { forgotten, ...unsaved }: Unsaved): Counted {
  const devices = new Map(row?.devices);
  for (const id of forgotten) devices.delete(id);
  for (const [id, share] of unsaved.devices) addShare(devices, id, share);
  return {
    common: unsaved.common,
    by: row?.by ?? unsaved.by,
    count: (row?.count ?? 0) + unsaved.count,
    lastMs: Math.max(row?.lastMs ?? 0, unsaved.lastMs),
    devices,
  };
}

function storedOf(stored: StoredReject | undefined, unsaved: Unsaved): StoredReject | undefined {
  // Unless another hub has counted in it since.
  const isGone = unsaved.dropped && stored !== undefined && stored.lastMs <= unsaved.lastMs;
  const before = stored === undefined || isGone ? undefined : { ...stored, devices: new Map(stored.devices) };
  const row = withUnsaved(before, unsaved);
  return row.devices.size === 0 ? undefined : { ...row, devices: [...row.devices] };
}
