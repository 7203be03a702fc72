import { isDeepStrictEqual } from 'node:util';
import type { OfferedUpdate } from '../../../schemas/index.ts';
import { isSettledUpdate, type UpdateState } from '../../../schemas/firmware/update-states.ts';
import { hubItself, type Auditor } from '../../audit/audit.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { Artifact } from '../artifacts/artifact.ts';
import { ReadingCount, slotMsOf } from './reading-counts.ts';
import {
  decideRollout,
  isEnded,
  mayBegin,
  rulesOf,
  type Rollout,
  type RolloutRecord,
  type RolloutTarget,
} from './rollout.ts';
import type { RolloutStore } from './rollout-store.ts';
import { hasBegun, isWanted, resumedUpdate, stepUpdate, type Update, type UpdateEvent } from './update.ts';
import { watchedBetween, WatchedTime } from './watched-time.ts';

/** Notified of what has become of the update of a device, once it is on disk. */
export interface UpdateFollower {
  updateMoved(device: string, rollout: Rollout, update: Update): void;
}

export interface RolloutCounters {
  writeFailures: number;
  /** Rollouts that the hub stopped, by why. */
  readonly stopped: Record<'too-many-failures' | 'devices-do-worse', number>;
}

/**
 * A device without a session here. `awaited`: it may be back any moment, as after a restart of the hub.
 * `sinceMs`: Unix ms.
 */
export type Whereabouts = { is: 'awaited' | 'elsewhere' } | { is: 'away' | 'asleep'; sinceMs: number };

/** How old the mark of when somebody watched last may be on disk, as a share of the soak time, and in ms. */
const markShare = 0.05;
const oldestMarkMs = 15_000;

export interface OpenRolloutDeps {
  clock: Clock;
  log: Log;
  audit: Auditor;
  counters: RolloutCounters;
  store: RolloutStore;
  followers: readonly UpdateFollower[];
  /** Brings a device what it should do now, if it is connected. */
  deliver: (device: string) => void;
  whereabouts: (device: string) => Whereabouts;
  /** The update of the device has ended. */
  settled: (device: string) => void;
}

/** A rollout of which some update has not ended: takes events of its devices, and does what is due. */
export class OpenRollout implements RolloutRecord {
  readonly artifact: Artifact;
  readonly targets: RolloutTarget[];
  readonly #deps: OpenRolloutDeps;
  /** Targets that stand elsewhere than on disk. */
  readonly #unsaved = new Set<number>();
  /** States as they are on disk. */
  readonly #saved: UpdateState[];
  readonly #readings = new Map<number, ReadingCount>();
  readonly #watched: WatchedTime;
  /** When the mark was written last, Unix ms. */
  #markedMs = 0;
  #rollout: Rollout;
  /** The rollout itself is not on disk as it is here. */
  #changed = false;
  #saving: Promise<void> | undefined;
  #slotEndsMs: number;
  #mayBegin = false;
  #closed = false;

  /** @param resumed it comes from disk, and who is connected is not known yet */
  constructor(
    { rollout, targets }: RolloutRecord,
    artifact: Artifact,
    deps: OpenRolloutDeps,
    resumed: boolean,
  ) {
    this.artifact = artifact;
    this.#deps = deps;
    this.targets = targets.map((target) =>
      resumed ? { ...target, update: resumedUpdate(target.update) } : target,
    );
    this.#saved = targets.map(({ update }) => update.state);
    const nowMs = deps.clock.now();
    this.#slotEndsMs = nowMs + slotMsOf(rollout.soakSec * 1000);
    this.#watched = new WatchedTime(
      resumed ? (rollout.watchedMs ?? nowMs) : nowMs,
      rollout.gaps ?? [],
      resumed ? this.targets.flatMap((target, index) => (mayBeBack(target) ? [index] : [])) : [],
    );
    this.#rollout = { ...rollout, gaps: this.#watched.gaps };
    for (const [index, { update }] of this.targets.entries())
      if (!isSettledUpdate(update.state)) this.#readings.set(index, new ReadingCount());
  }

  get rollout(): Rollout {
    return this.#rollout;
  }

  /** Some update has not ended. */
  get isOpen(): boolean {
    return this.#rollout.settled !== true;
  }

  /** Nothing of it is known that is not on disk. */
  get isSaved(): boolean {
    return this.#unsaved.size === 0 && !this.#changed;
  }

  /** What the device is asked to run now; only what is on disk is asked for. */
  wanted(index: number): OfferedUpdate | undefined {
    const target = this.targets[index];
    const onDisk = this.#saved[index];
    if (target === undefined || onDisk === undefined || onDisk === 'pending' || isSettledUpdate(onDisk))
      return undefined;
    const { update } = target;
    const goesOn = hasBegun(update) || mayBegin(this.#rollout, this.#deps.clock.now());
    if (!isWanted(update) || !goesOn) return undefined;
    const { id, version } = this.#rollout;
    const { sha256, size, url, signature } = this.artifact;
    return {
      id,
      version,
      url: url ?? `/v1/artifacts/${sha256}`,
      sha256,
      size,
      ...(signature === undefined ? {} : { signature }),
    };
  }

  /** Something has happened to a device. Resolves when that is on disk. @throws HubError `database-failed` */
  async take(index: number, event: UpdateEvent): Promise<void> {
    this.#step(index, event);
    if (this.#unsaved.has(index)) await this.#saveNow();
  }

  /** The same where nobody waits: what the disk does not take is saved later. */
  note(index: number, event: UpdateEvent): void {
    this.#step(index, event);
    if (this.#unsaved.has(index)) void this.#save();
  }

  reading(index: number): ReadingCount | undefined {
    return this.#readings.get(index);
  }

  /** Does what is due; called again and again. Resolves when nothing is due at the moment. */
  async advance(): Promise<void> {
    if (this.#closed || !this.isOpen) return;
    // Of what happened while nobody watched only the traces are known, and of some devices not even these.
    if (this.#watch()) {
      this.#time();
      // Each decision changes something that the next one sees, so this ends.
      while (this.#decide());
    }
    if (isEnded(this.#rollout) && this.targets.every(({ update }) => isSettledUpdate(update.state)))
      this.#become({ settled: true });
    await this.#save();
    this.#deliverWhatMayBegin();
  }

  /** @throws HubError `database-failed` */
  pause(): Promise<void> {
    if (this.#rollout.status === 'running') this.#become({ status: 'paused' });
    return this.#saveNow();
  }

  /** @throws HubError `database-failed` */
  async resume(): Promise<void> {
    if (this.#rollout.status === 'paused') this.#become({ status: 'running' });
    await this.#saveNow();
    await this.advance();
  }

  /** No wave begins any more, and what has not begun to be applied ends. @throws HubError `database-failed` */
  async cancel(): Promise<void> {
    if (!isEnded(this.#rollout)) this.#end('cancelled', 'on-request');
    await this.#saveNow();
    await this.advance();
  }

  /** Stops where it is; the next hub resumes it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#save();
  }

  get #slotMs(): number {
    return slotMsOf(this.#rollout.soakSec * 1000);
  }

  /** @returns whether it does something now */
  #decide(): boolean {
    const nowMs = this.#deps.clock.now();
    const decision = decideRollout(this, nowMs);
    switch (decision.kind) {
      case 'wait':
        return false;
      case 'look':
        this.#become({ looks: [...this.#rollout.looks, decision.look] });
        return true;
      case 'begin':
        this.#become({ wave: decision.wave });
        for (const [index, { wave }] of this.targets.entries())
          if (wave === decision.wave)
            this.#step(index, { kind: 'offered', readings: this.#readings.get(index)?.lately });
        return true;
      case 'stop':
        this.#deps.counters.stopped[decision.reason] += 1;
        this.#end('stopped', decision.reason);
        return true;
      case 'finish':
        this.#end('finished', undefined);
        return true;
    }
  }

  #end(status: 'finished' | 'stopped' | 'cancelled', reason: string | undefined): void {
    this.#become({ status, reason, endedMs: this.#deps.clock.now() });
    for (const index of this.targets.keys()) this.#step(index, { kind: 'cancelled' });
    if (status !== 'stopped') return;
    const { id, type, version } = this.#rollout;
    this.#deps.log.error({ rollout: id, type, version, reason }, 'a rollout was stopped');
    void this.#deps.audit.record({
      ...hubItself,
      action: 'rollout.stop',
      subject: id,
      outcome: 'done',
      details: { reason },
    });
  }

  /** @returns whether it is known of each device where it is */
  #watch(): boolean {
    const nowMs = this.#deps.clock.now();
    for (const index of this.#watched.unseen) {
      const { device = '', update } = this.targets[index] ?? {};
      const where = this.#deps.whereabouts(device);
      if (update?.here !== true && where.is === 'awaited') continue;
      if (update?.here !== true && (where.is === 'away' || where.is === 'asleep'))
        this.#step(index, { kind: 'left', away: true, asleep: where.is === 'asleep', atMs: where.sinceMs });
      this.#watched.seen(index);
    }
    if (this.#watched.look(nowMs)) this.#become({ gaps: this.#watched.gaps });
    const isMarkOld =
      nowMs - this.#markedMs >= Math.min(oldestMarkMs, this.#rollout.soakSec * 1000 * markShare);
    if (isMarkOld && this.targets.some(({ update }) => isUnderWay(update))) this.#changed = true;
    return this.#watched.isWatching;
  }

  /** What the clock alone brings. */
  #time(): void {
    const nowMs = this.#deps.clock.now();
    const slotEnded = nowMs >= this.#slotEndsMs;
    if (slotEnded) this.#slotEndsMs = nowMs + this.#slotMs;
    const { soakSec, gaps = [] } = this.#rollout;
    for (const [index, { update }] of this.targets.entries()) {
      if (isSettledUpdate(update.state) || (update.state === 'pending' && !slotEnded)) continue;
      const count = this.#readings.get(index);
      if (slotEnded) count?.endSlot();
      if (slotEnded && update.state === 'pending' && count?.hasDropped === true)
        this.#step(index, { kind: 'fewer-readings' });
      const { soakedMs, formerReadings } = update;
      if (
        soakedMs !== undefined &&
        count !== undefined &&
        watchedBetween(soakedMs, nowMs, gaps) >= soakSec * 1000
      ) {
        if (count.hasDroppedInSoak(formerReadings)) this.#step(index, { kind: 'fewer-readings' });
        // Judged once.
        this.#readings.delete(index);
      }
      this.#step(index, { kind: 'time' });
    }
  }

  #step(index: number, event: UpdateEvent): void {
    const target = this.targets[index];
    if (target === undefined) return;
    const before = target.update;
    const update = stepUpdate(before, event, rulesOf(this.#rollout), this.#deps.clock.now());
    if (update === before) return;
    this.targets[index] = { ...target, update };
    if (!isOnlyProgress(before, update)) this.#unsaved.add(index);
    if (update.state === 'soaking' && before.state !== 'soaking') this.#readings.get(index)?.soakBegins();
    if (isSettledUpdate(update.state)) this.#readings.delete(index);
  }

  /** After a pause, and when the window of the day opens: those that were offered before get it now. */
  #deliverWhatMayBegin(): void {
    const before = this.#mayBegin;
    this.#mayBegin = mayBegin(this.#rollout, this.#deps.clock.now());
    if (before || !this.#mayBegin) return;
    for (const { device, update } of this.targets) if (isWanted(update)) this.#deps.deliver(device);
  }

  #become(change: Partial<Rollout>): void {
    this.#rollout = { ...this.#rollout, ...change };
    this.#changed = true;
  }

  /** What the disk does not take is saved with the next change, or the next time something is due. */
  async #save(): Promise<void> {
    try {
      await this.#saveNow();
    } catch (error) {
      this.#deps.counters.writeFailures += 1;
      this.#deps.log.error({ rollout: this.#rollout.id, reason: messageOf(error) }, 'a rollout waits');
    }
  }

  /** One write at a time, so that no older state overwrites a newer one. @throws HubError `database-failed` */
  async #saveNow(): Promise<void> {
    const before = this.#saving;
    if (before !== undefined) await before.catch(() => undefined);
    // Whoever waited as well may have written it.
    if (this.#saving !== undefined && this.#saving !== before) return this.#saving;
    if (this.#unsaved.size === 0 && !this.#changed) return undefined;
    const saving = this.#write();
    this.#saving = saving;
    try {
      await saving;
    } finally {
      if (this.#saving === saving) this.#saving = undefined;
    }
    return undefined;
  }

  async #write(): Promise<void> {
    const rows = [...this.#unsaved].flatMap((index) => {
      const target = this.targets[index];
      return target === undefined ? [] : [{ index, target }];
    });
    const rollout = this.#rollout;
    this.#markedMs = this.#watched.lastMs;
    await this.#deps.store.save({ ...rollout, watchedMs: this.#watched.lastMs }, rows);
    if (this.#rollout === rollout) this.#changed = false;
    const moved = rows.filter(({ index, target }) => this.#saved[index] !== target.update.state);
    for (const { index, target } of rows) {
      this.#saved[index] = target.update.state;
      if (this.targets[index] === target) this.#unsaved.delete(index);
    }
    for (const { target } of moved) this.#moved(target);
  }

  #moved({ device, update }: RolloutTarget): void {
    for (const follower of this.#deps.followers) follower.updateMoved(device, this.#rollout, update);
    this.#deps.deliver(device);
    if (isSettledUpdate(update.state)) this.#deps.settled(device);
  }
}

/** Any moment, when the hub has restarted. */
function mayBeBack({ update }: RolloutTarget): boolean {
  return !isSettledUpdate(update.state) && update.away !== true;
}

function isUnderWay({ state }: Update): boolean {
  return state !== 'pending' && !isSettledUpdate(state);
}

/** A percentage is not worth a write of its own. */
function isOnlyProgress(before: Update, update: Update): boolean {
  return isDeepStrictEqual({ ...before, percent: 0 }, { ...update, percent: 0 });
}
