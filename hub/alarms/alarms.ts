import type {
  Acknowledged,
  AlarmCounts,
  AlarmKey,
  AlarmView,
  AlarmSeverity,
} from '../../schemas/api/alarms.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { hubItself, type Auditor } from '../audit/audit.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { MayShow } from '../registry/visibility.ts';
import {
  acknowledge,
  clear,
  isActive,
  isOpen,
  raise,
  settle,
  withdraw,
  type Alarm,
  type Problem,
} from './alarm.ts';
import type { AlarmFollower } from './alarm-follower.ts';
import { AlarmSaving } from './alarm-saving.ts';
import type { AlarmName, AlarmRow, AlarmStore } from './alarm-store.ts';
import type { Delivery } from './webhook-store.ts';
import type { AlarmBoard } from './limit-watch.ts';

interface Deps {
  clock: Clock;
  log: Log;
  audit: Auditor;
  store: AlarmStore;
  isRegistered: (device: string) => boolean;
  /** Whether a silence covers the device now. */
  isSilenced: (device: string) => boolean;
  followers: readonly AlarmFollower[];
  /** Other programs that are told, see `webhooks.ts`. */
  webhooks: {
    deliveriesOf: (alarm: AlarmView) => readonly Delivery[];
    owe: (deliveries: readonly Delivery[]) => void;
  };
}

/** A request of a person who deals with alarms. */
export interface AcknowledgeRequest {
  readonly alarms: readonly AlarmKey[];
  readonly note?: string | undefined;
  readonly requester: Requester;
  /** Not given: all, and those of the hub itself. */
  readonly mayShow?: MayShow | undefined;
}

/** An alarm that is kept, and whether it is silenced. */
export interface KeptAlarm {
  readonly row: AlarmRow;
  readonly silenced: boolean;
}

/** As the device of the hub's own alarms. */
const ofHub = '';
const sweepMs = 1_000;
/** All together; each device has as many as its type has sources. */
const maxKept = 100_000;
/** Those that are over and acknowledged: the ones raised last are listed. */
const maxClosed = 1_000;

/**
 * All alarms: those who find out what is wrong raise and clear them, people acknowledge them, and followers publish them. The
 * states are in `alarm.ts`.
 */
export class Alarms implements AlarmBoard, DeviceFollower {
  readonly #deps: Deps;
  readonly #saving: AlarmSaving;
  /** Device → source → alarm. */
  readonly #all = new Map<string, Map<string, KeptAlarm>>();
  /** Those that flap. */
  readonly #unsettled = new Map<string, AlarmName>();
  #stop: Cancel = () => undefined;
  #lastN = 0;
  #kept = 0;
  #closed = 0;
  /** Raised so far, by severity; and not raised, because too many are kept. */
  readonly raised: Record<AlarmSeverity, number> = { critical: 0, warning: 0 };
  tooMany = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#saving = new AlarmSaving({
      ...deps,
      saved: (name, row) => this.#saved(name, row),
      owe: (deliveries) => deps.webhooks.owe(deliveries),
    });
  }

  /** Takes up what an earlier hub kept. @throws HubError `database-failed` */
  async load(): Promise<void> {
    for (const row of await this.#deps.store.load()) {
      this.#keep(row);
      this.#lastN = Math.max(this.#lastN, row.n);
    }
    this.#stop = this.#deps.clock.every(sweepMs, () => this.#sweep());
  }

  /** Resolves when every change so far is on disk, or the disk does not take it. */
  async close(): Promise<void> {
    this.#stop();
    await this.#saving.settled();
  }

  get writeFailures(): number {
    return this.#saving.failures;
  }

  raise(device: string | undefined, problem: Problem, atMs = this.#deps.clock.now()): void {
    const name = { device: device ?? ofHub, source: problem.source };
    // Removed in the meantime.
    if (device !== undefined && !this.#deps.isRegistered(device)) return;
    const known = this.#find(name);
    if (known === undefined && this.#kept >= maxKept) {
      this.tooMany += 1;
      return;
    }
    const alarm = raise(known, problem, atMs);
    if (alarm === undefined) return;
    const isNew = alarm.count !== known?.count;
    if (isNew) this.raised[problem.severity] += 1;
    this.#put(name, alarm, isNew || known === undefined ? (this.#lastN += 1) : known.n);
  }

  clear(device: string | undefined, source: string): void {
    this.#step({ device: device ?? ofHub, source }, (alarm, nowMs) => clear(alarm, nowMs));
  }

  withdraw(device: string, source: string, note: string): void {
    const { actor } = hubItself;
    this.#step({ device, source }, (alarm, timeMs) => withdraw(alarm, { actor, timeMs, note }));
  }

  isActive(device: string | undefined, source: string): boolean {
    const alarm = this.#find({ device: device ?? ofHub, source });
    return alarm !== undefined && isActive(alarm);
  }

  openSources(device: string): string[] {
    const sources = this.#all.get(device) ?? new Map<string, KeptAlarm>();
    return [...sources.values()].flatMap(({ row }) => (isOpen(row) ? row.source : []));
  }

  /** Every alarm that is kept. */
  *all(): Iterable<KeptAlarm> {
    for (const sources of this.#all.values()) yield* sources.values();
  }

  /** Of one device. */
  ofDevice(device: string): Iterable<KeptAlarm> {
    return this.#all.get(device)?.values() ?? [];
  }

  counts(mayShow?: MayShow): AlarmCounts {
    const counts = { raised: 0, acknowledged: 0, cleared: 0, silenced: 0 };
    for (const { row, silenced } of this.all()) {
      if (row.state === 'closed' || !isVisible(row.device, mayShow)) continue;
      counts[silenced ? 'silenced' : row.state] += 1;
    }
    return counts;
  }

  /** Resolves once it is on disk. @throws HubError `database-failed` */
  async acknowledge({ alarms, note, requester, mayShow }: AcknowledgeRequest): Promise<Acknowledged> {
    const { actor } = requester;
    const timeMs = this.#deps.clock.now();
    const report = { acknowledged: 0, already: 0, raisedAgain: 0, unknown: 0 };
    const done: string[] = [];
    for (const { device, source, count } of alarms) {
      const name = { device: device ?? ofHub, source };
      const row = isVisible(name.device, mayShow) ? this.#find(name) : undefined;
      const next = row && acknowledge(row, { actor, timeMs, ...(note === undefined ? {} : { note }) });
      if (row === undefined) report.unknown += 1;
      else if (count !== undefined && count !== row.count) report.raisedAgain += 1;
      else if (next === undefined) report.already += 1;
      else {
        report.acknowledged += 1;
        done.push(`${device ?? 'hub'} ${source}`);
        this.#put(name, next, row.n);
      }
    }
    if (done.length === 0) return report;
    if (!(await this.#saving.settled())) throw new HubError('database-failed', 'alarms are not on disk yet');
    const [first = ''] = done;
    const subject = done.length === 1 ? first : `${done.length} alarms`;
    const details = { alarms: done.slice(0, auditedAlarms), count: done.length, note };
    await this.#deps.audit.record({
      ...requester,
      action: 'alarm.acknowledge',
      subject,
      outcome: 'done',
      details,
    });
    return report;
  }

  /** Other devices are silenced now. */
  silencesChanged(): void {
    for (const device of this.#all.keys()) this.#silence(device);
  }

  changed({ id }: { id: string }): void {
    this.#silence(id);
  }

  /** The device is no longer registered; its rows go with it. */
  removed(deviceId: string): void {
    // A map may lose the entry that it is at.
    for (const { row } of this.ofDevice(deviceId)) this.#forget(row);
  }

  #sweep(): void {
    for (const name of this.#unsettled.values()) this.#step(name, settle);
    this.#saving.retry();
  }

  #find({ device, source }: AlarmName): AlarmRow | undefined {
    return this.#all.get(device)?.get(source)?.row;
  }

  #step(name: AlarmName, step: (alarm: Alarm, nowMs: number) => Alarm | undefined): void {
    const row = this.#find(name);
    const next = row && step(row, this.#deps.clock.now());
    if (next !== undefined) this.#put(name, next, row?.n ?? 0);
  }

  #put(name: AlarmName, alarm: Alarm, n: number): void {
    const before = this.#find(name);
    const row = { ...alarm, device: name.device, n };
    this.#keep(row);
    // That it flaps is of no interest to others.
    const isNews = before?.state !== row.state || before.count !== row.count;
    this.#saving.put(name, row, isNews ? this.#deliveriesOf(row) : []);
    if (this.#closed > maxClosed * 1.1) this.#dropClosed();
  }

  #keep(row: AlarmRow): void {
    const { device, source } = row;
    const sources = this.#all.get(device) ?? new Map<string, KeptAlarm>();
    const before = sources.get(source)?.row;
    this.#kept += before === undefined ? 1 : 0;
    this.#closed += Number(!isOpen(row)) - Number(before !== undefined && !isOpen(before));
    sources.set(source, { row, silenced: this.#deps.isSilenced(device) });
    this.#all.set(device, sources);
    const key = `${device} ${source}`;
    if (row.goneMs === undefined) this.#unsettled.delete(key);
    else this.#unsettled.set(key, { device, source });
  }

  /** A few at once, because all are looked at for it. */
  #dropClosed(): void {
    const closed = [...this.all()].map(({ row }) => row).filter((row) => !isOpen(row));
    for (const row of closed.toSorted((a, b) => b.n - a.n).slice(maxClosed)) {
      this.#forget(row);
      this.#saving.put(row, undefined);
    }
  }

  #forget(row: AlarmRow): void {
    const { device, source } = row;
    const sources = this.#all.get(device);
    if (sources?.delete(source) !== true) return;
    if (sources.size === 0) this.#all.delete(device);
    this.#kept -= 1;
    if (!isOpen(row)) this.#closed -= 1;
    this.#unsettled.delete(`${device} ${source}`);
    for (const follower of this.#deps.followers)
      follower.alarmDropped?.(device === ofHub ? null : device, source);
  }

  #silence(device: string): void {
    const silenced = this.#deps.isSilenced(device);
    const sources = this.#all.get(device) ?? new Map<string, KeptAlarm>();
    for (const [source, kept] of sources) {
      if (kept.silenced === silenced) continue;
      sources.set(source, { row: kept.row, silenced });
      const deliveries = isOpen(kept.row) ? this.#deliveriesOf(kept.row) : [];
      // What others are owed is on disk before anybody hears of it.
      if (deliveries.length > 0) this.#saving.put(kept.row, kept.row, deliveries);
      else this.#report(kept.row, silenced);
    }
  }

  #deliveriesOf(row: AlarmRow): readonly Delivery[] {
    const silenced = this.#all.get(row.device)?.get(row.source)?.silenced ?? false;
    return this.#deps.webhooks.deliveriesOf(viewOf({ row, silenced }));
  }

  #saved(name: AlarmName, row: AlarmRow | undefined): void {
    const kept = this.#all.get(name.device)?.get(name.source);
    // Dropped, or the device was removed in the meantime.
    if (row === undefined || kept === undefined) return;
    this.#report(row, kept.silenced);
  }

  #report(row: AlarmRow, silenced: boolean): void {
    const view = viewOf({ row, silenced });
    for (const follower of this.#deps.followers) {
      try {
        follower.alarmChanged(view);
      } catch (error) {
        this.#deps.log.error({ ...view, reason: messageOf(error) }, 'an alarm was not reported');
      }
    }
  }
}

/** Named in one entry of the audit. */
const auditedAlarms = 20;

export function viewOf({ row, silenced }: KeptAlarm): AlarmView {
  const {
    device,
    lasting: _lasting,
    flaps: _flaps,
    goneMs: _goneMs,
    value,
    clearedMs,
    acknowledged,
    ...rest
  } = row;
  return {
    ...rest,
    device: device === ofHub ? null : device,
    ...(value === undefined ? {} : { value }),
    ...(clearedMs === undefined ? {} : { clearedMs }),
    ...(acknowledged === undefined ? {} : { acknowledged }),
    silenced,
  };
}

/** Alarms of the hub itself are shown to those who may see every device. */
export function isVisible(device: string, mayShow: MayShow | undefined): boolean {
  return mayShow === undefined || (device !== ofHub && mayShow(device));
}
