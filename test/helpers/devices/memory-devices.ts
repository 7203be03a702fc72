import type {
  AnchorStep,
  DeviceRecord,
  DeviceStore,
  Opened,
  SessionOpening,
} from '../../../hub/registry/device-store.ts';
import type { PresenceRow, PresenceStore } from '../../../hub/presence/presence-store.ts';
import type { AnchoredBoot } from '../../../hub/registry/unseen-boots.ts';
import type { DeviceListStore, ListChange } from '../../../hub/kernel/device-lists.ts';
import { HubError } from '../../../hub/kernel/errors.ts';

/** Epochs and anchors in memory, by the rules of the real store. */
export class MemoryDeviceStore implements DeviceStore {
  readonly #records = new Map<string, DeviceRecord>();
  readonly #epochs = new Map<string, number>();
  readonly #boots = new Map<string, Map<string, { anchorMs: number; uptimeMs: number }>>();
  /** Set: the next opening waits for this. */
  gate: Promise<void> | undefined;
  fails = false;
  /** This hub may open no session. */
  notOurs = false;
  readonly steps: (AnchorStep & { deviceId: string })[] = [];

  load(): Promise<DeviceRecord[]> {
    return Promise.resolve([...this.#records.values()]);
  }

  add(records: readonly DeviceRecord[]): Promise<ReadonlyMap<string, number>> {
    const ids = records.map(({ id }) => id);
    const taken = ids.filter((id, index) => this.#records.has(id) || ids.indexOf(id) !== index);
    if (taken.length > 0) {
      return Promise.reject(new HubError('device-exists', taken.join(), { details: { ids: taken } }));
    }
    const raised = new Map<string, number>();
    for (const record of records) {
      this.#records.set(record.id, record);
      const old = this.#epochs.get(record.id);
      if (old !== undefined) raised.set(record.id, old + 1);
    }
    for (const [id, epoch] of raised) this.#epochs.set(id, epoch);
    return Promise.resolve(raised);
  }

  remove(id: string): Promise<void> {
    if (!this.#records.delete(id)) {
      return Promise.reject(new HubError('device-unknown', id, { details: { id } }));
    }
    this.#boots.delete(id);
    return Promise.resolve();
  }

  change(known: DeviceRecord, change: (now: DeviceRecord) => DeviceRecord): Promise<DeviceRecord> {
    const next = change(known);
    if (!this.#records.has(known.id)) return Promise.reject(new HubError('device-unknown', known.id));
    this.#records.set(known.id, next);
    return Promise.resolve(next);
  }

  async openSession({ deviceId, boot, uptimeMs, unseenBoots = [], nowMs }: SessionOpening): Promise<Opened> {
    await this.gate;
    if (this.fails) throw new HubError('database-failed');
    if (this.notOurs) return { kind: 'not-ours' };
    const epoch = (this.#epochs.get(deviceId) ?? 0) + 1;
    this.#epochs.set(deviceId, epoch);
    const boots = this.#boots.get(deviceId) ?? new Map<string, { anchorMs: number; uptimeMs: number }>();
    this.#boots.set(deviceId, boots);
    const before = boots.get(boot);
    const keeps = before !== undefined && uptimeMs >= before.uptimeMs;
    const fixedMs = keeps ? before.anchorMs : nowMs === undefined ? undefined : nowMs - uptimeMs;
    if (fixedMs === undefined) boots.delete(boot);
    else boots.set(boot, { anchorMs: fixedMs, uptimeMs });
    const unseen = unseenBoots.filter(({ boot: name }) => !boots.has(name));
    for (const { boot: name, up, anchorMs } of unseen) boots.set(name, { anchorMs, uptimeMs: up });
    const anchors = new Map([...boots].map(([name, { anchorMs }]) => [name, anchorMs]));
    const told = unseen.length === 0 ? {} : { unseenBoots: unseen.length };
    return {
      kind: 'opened',
      epoch,
      ...told,
      anchors,
      steps: this.steps.filter((step) => step.deviceId === deviceId),
    };
  }

  anchoredBoots(deviceId: string): Promise<AnchoredBoot[]> {
    const boots = [...(this.#boots.get(deviceId) ?? [])];
    return Promise.resolve(boots.map(([boot, { anchorMs, uptimeMs: up }]) => ({ boot, up, anchorMs })));
  }

  addAnchorStep(deviceId: string, step: AnchorStep): Promise<void> {
    this.steps.push({ ...step, deviceId });
    return Promise.resolve();
  }

  noteUptime(deviceId: string, boot: string, uptimeMs: number): Promise<void> {
    const known = this.#boots.get(deviceId)?.get(boot);
    if (known !== undefined) known.uptimeMs = Math.max(known.uptimeMs, uptimeMs);
    return Promise.resolve();
  }
}

export class MemoryPresenceStore implements PresenceStore {
  readonly rows = new Map<string, PresenceRow>();
  /** Devices whose rows are another hub's. */
  readonly notOurs = new Set<string>();
  fails: boolean | HubError = false;

  loadPresence(): Promise<PresenceRow[]> {
    return Promise.resolve([...this.rows.values()]);
  }

  savePresence(rows: readonly PresenceRow[]): Promise<ReadonlySet<string>> {
    if (this.fails !== false)
      return Promise.reject(this.fails === true ? new HubError('database-failed') : this.fails);
    const ours = rows.filter(({ deviceId }) => !this.notOurs.has(deviceId));
    for (const row of ours) this.rows.set(row.deviceId, row);
    return Promise.resolve(new Set(ours.map(({ deviceId }) => deviceId)));
  }
}

export class MemoryDeviceLists<Row> implements DeviceListStore<Row> {
  /** As JSON, which keeps nothing of the objects themselves. */
  readonly lists = new Map<string, string>();
  saves = 0;
  fails = false;
  /** Saves are made, and end like this. */
  losesAnswer: HubError | undefined;

  load(deviceIds: readonly string[]): Promise<ReadonlyMap<string, Row[]>> {
    if (this.fails) return Promise.reject(new HubError('database-failed'));
    const known = deviceIds.filter((id) => this.lists.has(id));
    return Promise.resolve(new Map(known.map((id) => [id, JSON.parse(this.lists.get(id) ?? '') as Row[]])));
  }

  async save(changes: ReadonlyMap<string, ListChange<Row>>): Promise<ReadonlyMap<string, Row[]>> {
    const stored = await this.load([...changes.keys()]);
    this.saves += 1;
    const saved = new Map<string, Row[]>();
    for (const [id, change] of changes) {
      const rows = change(stored.get(id) ?? []);
      this.lists.set(id, JSON.stringify(rows));
      saved.set(id, rows);
    }
    if (this.losesAnswer !== undefined) throw this.losesAnswer;
    return saved;
  }
}
