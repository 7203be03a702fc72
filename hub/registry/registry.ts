import { isDeepStrictEqual } from 'node:util';
import { deviceUnknown } from '../kernel/errors.ts';
import type { Metrics } from '../kernel/metrics.ts';
import { withoutUndefined } from '../kernel/without-undefined.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Credential } from './credentials.ts';
import type { DeviceChange, DeviceFollower } from './device-follower.ts';
import { parseSelector, selects } from './selector.ts';
import { anchorUnseen, type EndedBoot } from './unseen-boots.ts';
import type {
  AnchorStep,
  DeviceNews,
  DeviceRecord,
  DeviceStore,
  Opened,
  SessionOpening,
} from './device-store.ts';

export interface RegistryDeps {
  store: DeviceStore;
  clock: Clock;
  /** Given when other hubs add, change and remove devices, too. */
  news?: DeviceNews | undefined;
}

/** Records that `pages` gives at a time. */
const pageSize = 1_000;

/**
 * Every registered device: id → record. `get`, `require` and `all` are for what may not wait, and have the records at hand:
 * those of connected devices at least. Everybody else asks `find`, `pages`, `select` and `count`, which have all.
 */
export class Registry {
  readonly #store: DeviceStore;
  readonly #clock: Clock;
  readonly #news: DeviceNews | undefined;
  #reading: Promise<void> | undefined;
  readonly #records = new Map<string, DeviceRecord>();
  /** Built when asked for, and again after a device was added or removed. */
  #sorted: readonly DeviceRecord[] | undefined;
  /** Resolves with each device's last change: changes of one device run one after another. */
  readonly #changes = new Map<string, Promise<unknown>>();
  /** Devices whose removal has not finished. */
  readonly #leaving = new Map<string, Promise<unknown>>();
  readonly #followers: DeviceFollower[] = [];

  constructor(deps: RegistryDeps) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#news = deps.news;
  }

  async load(): Promise<void> {
    // From before the load on.
    await this.#news?.changed();
    for (const record of await this.#store.load()) this.#records.set(record.id, record);
    this.#sorted = undefined;
  }

  /** From now on these are called at each change, in this order. */
  follow(...followers: readonly DeviceFollower[]): void {
    this.#followers.push(...followers);
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.#records.get(deviceId);
  }

  /** @throws HubError `device-unknown` */
  require(deviceId: string): DeviceRecord {
    const record = this.#records.get(deviceId);
    if (record === undefined) throw deviceUnknown(deviceId);
    return record;
  }

  /** All records, by id. */
  all(): readonly DeviceRecord[] {
    this.#sorted ??= [...this.#records.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return this.#sorted;
  }

  /** The record of a device, connected or not. @throws HubError `database-failed` */
  async find(deviceId: string): Promise<DeviceRecord | undefined> {
    const known = this.get(deviceId);
    if (known !== undefined || this.#news === undefined) return known;
    // Another hub may have added it a moment ago.
    await this.readNews();
    return this.get(deviceId);
  }

  /** As `find`. @throws HubError `device-unknown` · `database-failed` */
  async found(deviceId: string): Promise<DeviceRecord> {
    const record = await this.find(deviceId);
    if (record === undefined) throw deviceUnknown(deviceId);
    return record;
  }

  /** All records by id, those behind `after`, some at a time. @throws HubError `database-failed` */
  async *pages(after = ''): AsyncGenerator<readonly DeviceRecord[]> {
    const records = this.all();
    for (let from = firstAfter(records, after); from < records.length; from += pageSize)
      yield await Promise.resolve(records.slice(from, from + pageSize));
  }

  /**
   * The ids of the devices that a selector matches now, in their order. A disabled device is left out: it takes neither
   * commands nor notices.
   * @throws HubError `input-invalid`, naming the term and the rule · `database-failed`
   */
  async select(text: string): Promise<string[]> {
    const selector = parseSelector(text);
    const ids: string[] = [];
    for await (const page of this.pages())
      for (const device of page) if (!device.disabled && selects(selector, device)) ids.push(device.id);
    return ids;
  }

  /** How many devices are registered. @throws HubError `database-failed` */
  count(): Promise<number> {
    return Promise.resolve(this.size);
  }

  /** @param speaks of several hubs, one speaks for all devices, so that sums are right */
  expose(metrics: Metrics, speaks: () => boolean): void {
    metrics.gauge('hub_devices_registered', 'Registered devices', () => (speaks() ? this.size : {}));
  }

  /** Registered devices. */
  get size(): number {
    return this.#records.size;
  }

  /** Registers devices, all or none. @throws HubError `device-exists` */
  async add(records: readonly DeviceRecord[]): Promise<void> {
    // The removal of a device must finish before a new device of the same name is added.
    await Promise.all(records.flatMap(({ id }) => this.#leaving.get(id) ?? []));
    const epochs = await this.#store.add(records);
    this.#sorted = undefined;
    for (const record of records) {
      const own = { ...record, epoch: epochs.get(record.id) ?? record.epoch };
      this.#records.set(record.id, own);
      for (const follower of this.#followers) follower.registered?.(own, false);
    }
  }

  /** Reads what other hubs have added, changed and removed. @throws HubError `database-failed` */
  readNews(): Promise<void> {
    this.#reading ??= this.#refresh().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #refresh(): Promise<void> {
    const news = (await this.#news?.changed()) ?? new Map<string, undefined>();
    for (const [id, record] of news) {
      // Further news will come of what is just being changed here.
      if (this.#changes.has(id) || this.#leaving.has(id)) continue;
      const known = this.#records.get(id);
      if (record !== undefined && known !== undefined) this.#update(known, record);
      else if (record !== undefined) this.#learn(record);
      else if (known !== undefined) await this.#forget(id);
    }
  }

  /** Sets and removes labels. @throws HubError `device-unknown` */
  async label(
    deviceId: string,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
  ): Promise<void> {
    const record = await this.#change(deviceId, (before) => {
      const kept = Object.entries(before.labels ?? {}).filter(([key]) => !remove.includes(key));
      return { ...before, labels: Object.fromEntries([...kept, ...Object.entries(set)]) };
    });
    this.#changed(record, 'labels');
  }

  /**
   * Removes the device and, through the followers, everything the hub keeps about it. Its id cannot be registered again
   * before that is done. @throws HubError `device-unknown`
   */
  remove(deviceId: string): Promise<void> {
    const removed = this.#remove(deviceId);
    const through = Promise.allSettled([this.#leaving.get(deviceId), removed]);
    this.#leaving.set(deviceId, through);
    void through.then(() => {
      if (this.#leaving.get(deviceId) === through) this.#leaving.delete(deviceId);
    });
    return removed;
  }

  /** A disabled device is refused (403) until it is enabled. @throws HubError `device-unknown` */
  async setDisabled(deviceId: string, disabled: boolean): Promise<void> {
    const record = await this.#change(deviceId, (before) => ({ ...before, disabled }));
    for (const follower of this.#followers) follower.disabled?.(deviceId, disabled);
    this.#changed(record, 'disabled');
  }

  /**
   * Changes the credentials of a device.
   * @param change an error that it throws is thrown here, and nothing changes
   * @throws HubError `device-unknown`
   */
  async changeCredentials(
    deviceId: string,
    change: (credentials: readonly Credential[], record: DeviceRecord) => readonly Credential[],
  ): Promise<void> {
    const record = await this.#change(deviceId, (before) => ({
      ...before,
      credentials: change(before.credentials, before),
    }));
    this.#changed(record, 'credentials');
  }

  /** Records that the device's secret must be changed, or no longer must be. @throws HubError `device-unknown` */
  async setRotationDue(deviceId: string, dueMs: number | undefined): Promise<void> {
    await this.#change(deviceId, (record) => {
      const { rotationDueMs: _, ...rest } = record;
      return dueMs === undefined ? rest : { ...rest, rotationDueMs: dueMs };
    });
  }

  /**
   * The device has proved who it is with this credential. A next secret counts from its first use on, and the
   * other secrets are retired. Sessions opened with one of those stay: they are the same device's, and the hello
   * of the new one takes over, so followers are not called.
   * @returns resolves when the others are retired on disk; undefined: it was not a next secret
   */
  credentialUsed(record: DeviceRecord, credentialId: string): Promise<void> | undefined {
    const used = record.credentials.find(({ id }) => id === credentialId);
    if (used?.state !== 'next') return undefined;
    const active: Credential = { ...used, state: 'active' };
    record.credentials = record.credentials.map((credential) => (credential === used ? active : credential));
    delete record.rotationDueMs;
    const retired = this.#change(record.id, (now) => {
      // Revoked in the meantime: then the device needs the others.
      if (!now.credentials.some(({ id }) => id === credentialId)) return now;
      const { rotationDueMs: _, ...rest } = now;
      const credentials = rest.credentials.filter(({ id, kind }) => kind !== 'secret' || id === credentialId);
      return { ...rest, credentials };
    });
    return retired.then(() => undefined);
  }

  /**
   * Raises the device's epoch and fixes the anchors of its boots, both on disk.
   * @param ended boots that ended without a session, oldest first
   * @param anchoring false while the hub's clock is doubted: a boot that has no anchor gets none
   * @throws HubError `database-failed`
   */
  async openSession(
    { deviceId, boot, uptimeMs }: Omit<SessionOpening, 'nowMs' | 'unseenBoots'>,
    ended: readonly EndedBoot[] = [],
    anchoring = true,
  ): Promise<Opened> {
    // A device gives up its old secret at the welcome: by then the new one must be on disk.
    const changing = this.#changes.get(deviceId);
    if (changing !== undefined) await changing;
    const opening: SessionOpening = { deviceId, boot, uptimeMs };
    if (anchoring) {
      const nowMs = this.#clock.now();
      opening.nowMs = nowMs;
      if (ended.length > 0) {
        const known = await this.#store.anchoredBoots(deviceId);
        opening.unseenBoots = anchorUnseen(ended, known, { boot, up: uptimeMs }, nowMs);
      }
    }
    const stored = await this.#store.openSession(opening);
    const record = this.get(deviceId);
    if (stored.kind !== 'opened') return stored;
    if (record !== undefined) Object.assign(record, { epoch: stored.epoch, connectedBefore: true });
    const { move, epoch } = stored;
    if (move !== undefined) for (const follower of this.#followers) follower.moved?.(deviceId, epoch, move);
    return stored;
  }

  /** A further anchor of a boot, for a device whose clock drifts. @throws HubError `database-failed` */
  addAnchorStep(deviceId: string, step: AnchorStep): Promise<void> {
    return this.#store.addAnchorStep(deviceId, step);
  }

  /** @throws HubError `database-failed` */
  noteUptime(deviceId: string, boot: string, uptimeMs: number): Promise<void> {
    return this.#store.noteUptime(deviceId, boot, uptimeMs);
  }

  #changed(record: DeviceRecord, what: DeviceChange): void {
    for (const follower of this.#followers) follower.changed?.(record, what);
  }

  #learn(record: DeviceRecord): void {
    this.#records.set(record.id, record);
    this.#sorted = undefined;
    for (const follower of this.#followers) follower.registered?.(record, true);
  }

  /** What another hub has changed. */
  #update(known: DeviceRecord, now: DeviceRecord): void {
    const before = { ...known };
    const { credentials, disabled, labels = {} } = now;
    take(known, now);
    if (disabled !== before.disabled) {
      for (const follower of this.#followers) follower.disabled?.(known.id, disabled);
      this.#changed(known, 'disabled');
    } else if (!isDeepStrictEqual(credentials, before.credentials)) this.#changed(known, 'credentials');
    if (!isDeepStrictEqual(labels, before.labels ?? {})) this.#changed(known, 'labels');
  }

  async #remove(deviceId: string): Promise<void> {
    await this.#store.remove(deviceId);
    await this.#forget(deviceId);
  }

  async #forget(deviceId: string): Promise<void> {
    this.#records.delete(deviceId);
    this.#sorted = undefined;
    for (const follower of this.#followers) await follower.removed?.(deviceId);
  }

  /** Changes a record on disk, then in memory, one change of a device after another. */
  async #change(deviceId: string, change: (record: DeviceRecord) => DeviceRecord): Promise<DeviceRecord> {
    const before = this.#changes.get(deviceId) ?? Promise.resolve();
    const changed = before.then(async () => {
      const first = { ...this.require(deviceId) };
      let known = first;
      let found = first;
      for (;;) {
        const record = this.require(deviceId);
        const { credentials } = record;
        const onDisk = known;
        const next = await this.#store.change(onDisk, (now) => {
          if (onDisk !== first)
            return now === onDisk ? change(withUsed(found, record)) : withUsed(now, record);
          found = now === onDisk ? now : withUsed(now, record);
          return change(found);
        });
        // A next secret was used in the meantime, and the record just written does not contain that. Write it again.
        if (record.credentials !== credentials) {
          known = next;
          continue;
        }
        if (found !== first) this.#update(record, found);
        take(record, next);
        return record;
      }
    });
    const settled = changed.catch(() => undefined);
    this.#changes.set(deviceId, settled);
    void settled.then(() => {
      if (this.#changes.get(deviceId) === settled) this.#changes.delete(deviceId);
    });
    return changed;
  }
}

/** Sessions hold the record, and its epoch rises meanwhile: the object stays the same. */
function take(record: DeviceRecord, { credentials, disabled, labels, rotationDueMs }: DeviceRecord): void {
  Object.assign(record, withoutUndefined({ credentials, disabled, labels, rotationDueMs }));
  if (labels === undefined) delete record.labels;
  if (rotationDueMs === undefined) delete record.rotationDueMs;
}

/** What is on disk, with the next secrets that devices have used here while that is not on disk yet. */
function withUsed(onDisk: DeviceRecord, { credentials: known }: DeviceRecord): DeviceRecord {
  const isUsed = ({ id, state }: Credential): boolean =>
    state === 'next' && known.some((each) => each.id === id && each.state === 'active');
  if (!onDisk.credentials.some(isUsed)) return onDisk;
  const { rotationDueMs: _, ...rest } = onDisk;
  const credentials = rest.credentials.map((each) =>
    isUsed(each) ? { ...each, state: 'active' as const } : each,
  );
  return { ...rest, credentials };
}

/** Where the ids after `after` begin. */
function firstAfter(records: readonly DeviceRecord[], after: string): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.id ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
