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
  /** The devices that were refused last. A limited viewer gets the total of its own. */
  devices: Map<string, Share>;
}

/** A row as it is stored; `devices` in the order of their last refusal. */
export interface StoredReject extends Omit<Entry, 'devices'> {
  devices: [string, Share][];
}

/** Every method may reject with HubError `database-failed`. */
export interface RejectStore {
  /** The row whose last refusal is oldest comes first. */
  load(): Promise<{ entries: StoredReject[]; other: number }>;
  /** In one transaction. @param dropped keys of rows that are no more */
  save(change: { changed: Map<string, StoredReject>; dropped: string[]; other: number }): Promise<void>;
}

const maxRows = 1_000;
const maxDevices = 50;
/** Rows that one device may start: it chooses paths and firmware itself. */
const maxRowsOfDevice = 20;
/** A row is dropped when nothing was refused for so long, ms: its firmware is in use no more, or mended. */
const keptMs = 7 * 86_400_000;

/**
 * Refusals by field and firmware, over restarts. When full, the row whose last refusal is oldest is dropped. A refusal costs
 * a mark in memory; `save` writes the rows that have changed.
 */
export class Rejects {
  readonly #deps: { clock: Clock; store: RejectStore; log: Log };
  /** By everything they have in common; the most recent one is last. */
  readonly #entries = new Map<string, Entry>();
  /** How many rows each device started. */
  readonly #begun = new Map<string, number>();
  /** Of rows that were changed or dropped since they were saved. */
  readonly #saving: BatchedSaving;
  #other = 0;

  constructor(deps: { clock: Clock; store: RejectStore; log: Log }) {
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
    this.#other = other;
    for (const { devices, ...entry } of entries) {
      this.#entries.set(keyOf(entry.common), { ...entry, devices: new Map(devices) });
      this.#begun.set(entry.by, (this.#begun.get(entry.by) ?? 0) + 1);
    }
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
      this.#other += 1;
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#saving.mark(key);
    entry.count += 1;
    entry.lastMs = this.#deps.clock.now();
    const share = entry.devices.get(device.id);
    entry.devices.delete(device.id);
    entry.devices.set(device.id, { count: (share?.count ?? 0) + 1, lastMs: entry.lastMs, message });
    dropFirst(entry.devices, maxDevices);
    const [oldest] = this.#entries;
    if (this.#entries.size > maxRows && oldest !== undefined) this.#drop(...oldest);
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

  forget(deviceId: string): void {
    for (const [key, entry] of this.#entries) {
      if (!entry.devices.delete(deviceId)) continue;
      this.#saving.mark(key);
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

  #write(keys: readonly string[]): Promise<void> {
    const changed = new Map<string, StoredReject>();
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) changed.set(key, { ...entry, devices: [...entry.devices] });
    }
    const dropped = keys.filter((key) => !changed.has(key));
    return this.#deps.store.save({ changed, dropped, other: this.#other });
  }

  #begin(by: string, common: Common): Entry | undefined {
    const begun = this.#begun.get(by) ?? 0;
    if (begun >= maxRowsOfDevice) return undefined;
    this.#begun.set(by, begun + 1);
    return { common, by, count: 0, lastMs: 0, devices: new Map() };
  }

  #dropOld(): void {
    const endMs = this.#deps.clock.now() - keptMs;
    for (const [key, entry] of this.#entries) if (entry.lastMs < endMs) this.#drop(key, entry);
  }

  #drop(key: string, { count, by }: Entry): void {
    this.#other += count;
    this.#entries.delete(key);
    this.#saving.mark(key);
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
  const last = visible.at(-1);
  if (last === undefined) return undefined;
  const [device, { lastMs, message }] = last;
  const sum = mayShow === undefined ? count : visible.reduce((total, [, share]) => total + share.count, 0);
  return { ...common, count: sum, lastMs, example: { device, message } };
}

function dropFirst(map: Map<string, unknown>, limit: number): void {
  const [first] = map.keys();
  if (map.size > limit && first !== undefined) map.delete(first);
}
