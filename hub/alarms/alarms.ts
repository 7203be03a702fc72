import type {
  Acknowledged,
  Acknowledgement,
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
import { AlarmSaving, type AlarmStep, type AlarmSteps } from './alarm-saving.ts';
import { alarmKey, type AlarmName, type AlarmNews, type AlarmRow, type AlarmStore } from './alarm-store.ts';
import { isVisible, ofHub, viewOf, type KeptAlarm } from './alarm-view.ts';
import type { WebhookDelivery } from './webhook-store.ts';
import type { AlarmBoard } from './limit-watch.ts';

export interface AlarmsDeps {
  clock: Clock;
  log: Log;
  audit: Auditor;
  store: AlarmStore;
  isRegistered: (device: string) => boolean;
  /** Whether a silence covers the device now. */
  isSilenced: (device: string) => boolean;
  followers: readonly AlarmFollower[];
  /** Of several hubs, one tells others when a silence begins or ends. Not given: there is no other hub. */
  leads?: (() => boolean) | undefined;
  /** Other programs that are notified, see `webhooks.ts`. */
  webhooks: {
    deliveriesOf: (alarm: AlarmView) => readonly WebhookDelivery[];
    owe: (deliveries: readonly WebhookDelivery[], where: 'on-disk' | 'here-alone') => void;
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

const sweepMs = 1_000;
/** All together; each device has as many as its type has sources. */
const maxKept = 100_000;
/** Those that are over and acknowledged: the ones raised last are listed. */
const maxClosed = 1_000;

/**
 * All alarms: those who find out what is wrong raise and clear them, people acknowledge them, and followers publish them. The
 * states are in `alarm.ts`. Several hubs have the alarms of all devices, and each may change any: where two change one at once, the
 * second takes its step from what the first has made.
 */
export class Alarms implements AlarmBoard, DeviceFollower {
  readonly #deps: AlarmsDeps;
  readonly #saving: AlarmSaving;
  /** Device → source → alarm. */
  readonly #all = new Map<string, Map<string, KeptAlarm>>();
  /** Those that flap. */
  readonly #unsettled = new Map<string, AlarmName>();
  #stop: Cancel = () => undefined;
  #lastN = 0;
  #size = 0;
  #closed = 0;
  /** Raised so far, by severity; and not raised, because too many are kept. */
  readonly raised: Record<AlarmSeverity, number> = { critical: 0, warning: 0 };
  tooMany = 0;

  constructor(deps: AlarmsDeps) {
    this.#deps = deps;
    this.#saving = new AlarmSaving({
      ...deps,
      saved: (name, row) => this.#saved(name, row),
      overtaken: (name, now, steps) => this.#overtaken(name, now, steps),
      owe: (deliveries, where) => deps.webhooks.owe(deliveries, where),
    });
  }

  /** Takes up what an earlier hub kept. @throws HubError `database-failed` */
  async load(): Promise<void> {
    for (const stored of await this.#deps.store.load()) {
      this.#saving.learn(stored.row, stored);
      this.#keep(stored.row);
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
    if (known === undefined && this.#size >= maxKept) {
      this.tooMany += 1;
      return;
    }
    const before = known?.count;
    this.#step(name, 'raise', (alarm) => raise(alarm, problem, atMs));
    if (this.#find(name)?.count !== before) this.raised[problem.severity] += 1;
  }

  clear(device: string | undefined, source: string): void {
    const nowMs = this.#deps.clock.now();
    this.#step({ device: device ?? ofHub, source }, 'clear', (alarm) => alarm && clear(alarm, nowMs));
  }

  withdraw(device: string, source: string, note: string): void {
    const by = { actor: hubItself.actor, timeMs: this.#deps.clock.now(), note };
    this.#step({ device, source }, 'withdraw', (alarm) => alarm && withdraw(alarm, by));
  }

  isActive(device: string | undefined, source: string): boolean {
    const alarm = this.#find({ device: device ?? ofHub, source });
    return alarm !== undefined && isActive(alarm);
  }

  openSources(device: string): string[] {
    return [...this.ofDevice(device)].flatMap(({ row }) => (isOpen(row) ? row.source : []));
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
    const by = { actor, timeMs: this.#deps.clock.now(), ...(note === undefined ? {} : { note }) };
    const report = { acknowledged: 0, already: 0, raisedAgain: 0, unknown: 0 };
    const done: string[] = [];
    for (const { device, source, count } of alarms) {
      const name = { device: device ?? ofHub, source };
      const row = isVisible(name.device, mayShow) ? this.#find(name) : undefined;
      if (row === undefined) report.unknown += 1;
      else if (count !== undefined && count !== row.count) report.raisedAgain += 1;
      else if (!this.#step(name, 'acknowledge', acknowledging(row, by))) report.already += 1;
      else {
        report.acknowledged += 1;
        done.push(`${device ?? 'hub'} ${source}`);
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

  /** What other hubs make of alarms is about to be read. */
  beginReading(): void {
    this.#saving.beginReading();
  }

  /** What other hubs have made of alarms. */
  learn(news: AlarmNews['alarms']): void {
    for (const { name, now } of news) {
      if (!this.#saving.learn(name, now)) continue;
      if (now !== undefined) this.#take(now.row);
      else this.#drop(name);
    }
  }

  #sweep(): void {
    const nowMs = this.#deps.clock.now();
    for (const name of this.#unsettled.values())
      this.#step(name, 'settle', (alarm) => alarm && settle(alarm, nowMs));
    this.#saving.retry();
  }

  #kept({ device, source }: AlarmName): KeptAlarm | undefined {
    return this.#all.get(device)?.get(source);
  }

  #find(name: AlarmName): AlarmRow | undefined {
    return this.#kept(name)?.row;
  }

  /** @returns whether it has changed something */
  #step(name: AlarmName, kind: string, step: AlarmStep): boolean {
    const next = step(this.#find(name));
    if (next !== undefined) this.#put(name, next, new Map([[kind, step]]));
    return next !== undefined;
  }

  #put(name: AlarmName, alarm: Alarm, steps: AlarmSteps): void {
    const before = this.#find(name);
    const isNew = before?.count !== alarm.count;
    const row = { ...alarm, device: name.device, n: isNew ? this.#lastN + 1 : before.n };
    this.#keep(row);
    // That it flaps is of no interest to others.
    const deliveries = isNew || before.state !== row.state ? this.#deliveriesOf(row) : [];
    this.#saving.put(name, row, { steps, deliveries });
    if (this.#closed > maxClosed * 1.1) this.#dropClosed();
  }

  /** Another hub has changed it to this before what was changed here came to disk. */
  #overtaken(name: AlarmName, now: AlarmRow | undefined, steps: AlarmSteps): void {
    if (now === undefined) this.#drop(name);
    else this.#take(now);
    // Removed in the meantime.
    if (name.device !== ofHub && !this.#deps.isRegistered(name.device)) return;
    const next = [...steps.values()].reduce<Alarm | undefined>((alarm, step) => step(alarm) ?? alarm, now);
    if (next !== undefined && next !== now) this.#put(name, next, steps);
  }

  #take(row: AlarmRow): void {
    this.#keep(row);
    const kept = this.#kept(row);
    if (kept !== undefined) this.#report(kept, 'alarmChangedElsewhere');
  }

  #keep(row: AlarmRow): void {
    const { device, source } = row;
    this.#lastN = Math.max(this.#lastN, row.n);
    const sources = this.#all.get(device) ?? new Map<string, KeptAlarm>();
    const before = sources.get(source)?.row;
    this.#size += before === undefined ? 1 : 0;
    this.#closed += Number(!isOpen(row)) - Number(before !== undefined && !isOpen(before));
    sources.set(source, { row, silenced: this.#deps.isSilenced(device) });
    this.#all.set(device, sources);
    const key = alarmKey(row);
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
    if (!this.#drop(row)) return;
    for (const follower of this.#deps.followers)
      follower.alarmDropped?.(device === ofHub ? null : device, source);
  }

  /** @returns whether it was there */
  #drop({ device, source }: AlarmName): boolean {
    const sources = this.#all.get(device);
    const kept = sources?.get(source);
    if (sources === undefined || kept === undefined) return false;
    sources.delete(source);
    if (sources.size === 0) this.#all.delete(device);
    this.#size -= 1;
    if (!isOpen(kept.row)) this.#closed -= 1;
    this.#unsettled.delete(alarmKey(kept.row));
    return true;
  }

  #silence(device: string): void {
    const { leads = () => true } = this.#deps;
    const silenced = this.#deps.isSilenced(device);
    const sources = this.#all.get(device) ?? new Map<string, KeptAlarm>();
    for (const [source, kept] of sources) {
      if (kept.silenced === silenced) continue;
      const now = { row: kept.row, silenced };
      sources.set(source, now);
      const deliveries = leads() && isOpen(kept.row) ? this.#deliveriesOf(kept.row) : [];
      // What others are owed is on disk before anybody hears of it.
      if (deliveries.length > 0) this.#saving.put(kept.row, kept.row, { deliveries });
      else this.#report(now, leads() ? 'alarmChanged' : 'alarmChangedElsewhere');
    }
  }

  #deliveriesOf(row: AlarmRow): readonly WebhookDelivery[] {
    const silenced = this.#kept(row)?.silenced ?? false;
    return this.#deps.webhooks.deliveriesOf(viewOf({ row, silenced }));
  }

  #saved(name: AlarmName, row: AlarmRow | undefined): void {
    const kept = this.#kept(name);
    // Dropped, or the device was removed in the meantime.
    if (row === undefined || kept === undefined) return;
    this.#report({ row, silenced: kept.silenced }, 'alarmChanged');
  }

  #report(kept: KeptAlarm, what: 'alarmChanged' | 'alarmChangedElsewhere'): void {
    const view = viewOf(kept);
    for (const follower of this.#deps.followers) {
      try {
        follower[what]?.(view);
      } catch (error) {
        this.#deps.log.error({ ...view, reason: messageOf(error) }, 'an alarm was not reported');
      }
    }
  }
}

/** Named in one entry of the audit. */
const auditedAlarms = 20;

/** If nobody has dealt with it, and it was not raised again since. */
function acknowledging({ count }: AlarmRow, by: Acknowledgement): AlarmStep {
  return (alarm) => (alarm?.count === count ? acknowledge(alarm, by) : undefined);
}
