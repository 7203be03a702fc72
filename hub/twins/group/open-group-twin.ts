import { tally } from '../../../schemas/command-tally.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { isSettled, type Target } from '../../commands/group/group-command.ts';
import type { ChangedTarget } from '../../commands/group/group-command-journal.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Twins, TwinStanding } from '../twins.ts';
import type { GroupTwinStore } from './group-twin-store.ts';
import { decideTwins, followed, type GroupTwin, type GroupTwinRecord } from './group-twin.ts';

export interface OpenGroupTwinDeps {
  clock: Clock;
  log: Log;
  store: GroupTwinStore;
  twins: Pick<Twins, 'change' | 'standing'>;
  /** Whether a device without a session is known not to be there: not one that may be back any moment. */
  isAway: (device: string) => boolean;
}

/** Devices set at a time. */
const chunk = 500;

/** A group twin that runs: sets its devices, wave by wave, and follows where they stand. */
export class OpenGroupTwin implements GroupTwinRecord {
  readonly targets: Target[];
  readonly #deps: OpenGroupTwinDeps;
  /** Targets that stand elsewhere than on disk. */
  readonly #unsaved = new Set<number>();
  #groupTwin: GroupTwin;
  #stepping: Promise<void> | undefined;
  #closed = false;

  constructor({ groupTwin, targets }: GroupTwinRecord, deps: OpenGroupTwinDeps) {
    this.#groupTwin = groupTwin;
    this.targets = [...targets];
    this.#deps = deps;
  }

  get groupTwin(): GroupTwin {
    return this.#groupTwin;
  }

  get runs(): boolean {
    return this.#groupTwin.status === 'running';
  }

  /** Does what is due, one step at a time; called again and again. Resolves when nothing is due at the moment. */
  advance(): Promise<void> {
    this.#stepping ??= this.#advance().finally(() => {
      this.#stepping = undefined;
    });
    return this.#stepping;
  }

  /** No further wave. @throws HubError `database-failed` */
  async cancel(): Promise<void> {
    while (this.#stepping !== undefined) await this.#stepping;
    if (!this.runs) return;
    const ending = this.#end('cancelled', 'on-request');
    // No wave begins meanwhile.
    this.#stepping = ending
      .catch(() => undefined)
      .finally(() => {
        this.#stepping = undefined;
      });
    await ending;
  }

  /** Stops where it is; the next hub resumes it. */
  close(): void {
    this.#closed = true;
  }

  async #advance(): Promise<void> {
    try {
      while (this.runs && !this.#closed && (await this.#step()));
    } catch (error) {
      // It is tried again: what is set is set once, however often it is asked for.
      this.#deps.log.error({ groupTwin: this.#groupTwin.id, reason: messageOf(error) }, 'a group twin waits');
    }
  }

  /** @returns whether more is due */
  async #step(): Promise<boolean> {
    const { clock } = this.#deps;
    const nowMs = clock.now();
    for (const [index, target] of this.targets.entries()) {
      if (target.status === 'waiting' || isSettled(target)) continue;
      this.#become(index, followed(target, this.#standing(target.device), this.#groupTwin.settleSec, nowMs));
    }
    await this.#save();
    const decision = decideTwins(this.#groupTwin, this.targets, nowMs);
    if (decision.kind === 'end')
      await this.#end(decision.status === 'stopped' ? 'stopped' : 'finished', decision.reason);
    return decision.kind === 'send' && this.#set(decision.indexes);
  }

  #standing(device: string): (TwinStanding & { away: boolean }) | undefined {
    const { twins, isAway } = this.#deps;
    const standing = twins.standing(device);
    return standing && { ...standing, away: standing.state === 'waiting' && isAway(device) };
  }

  async #set(indexes: readonly number[]): Promise<boolean> {
    let taken = false;
    for (let from = 0; from < indexes.length && !this.#closed; from += chunk) {
      const set = await Promise.all(indexes.slice(from, from + chunk).map((index) => this.#setOne(index)));
      taken ||= set.includes(true);
      // A failure that is known already may be one too many.
      if (tally(this.targets).failed > this.#groupTwin.maxFailures) break;
    }
    return taken;
  }

  /** @returns whether the device is set, or refused for good */
  async #setOne(index: number): Promise<boolean> {
    const { patch, requester } = this.#groupTwin;
    const target = this.targets[index];
    if (target === undefined) return false;
    const { device } = target;
    try {
      await this.#deps.twins.change({ device, patch, requester });
      this.#become(index, { device, status: 'sent' });
      return true;
    } catch (error) {
      if (!(error instanceof HubError) || error.retryable) return false;
      this.#become(index, { device, status: 'rejected', reason: error.code });
      return true;
    }
  }

  #become(index: number, target: Target): void {
    const before = this.targets[index];
    this.targets[index] = target;
    if (before?.status !== target.status || before.reason !== target.reason) this.#unsaved.add(index);
  }

  async #end(status: Exclude<GroupTwin['status'], 'running'>, reason?: string): Promise<void> {
    const ended: GroupTwin = { ...this.#groupTwin, status, reason, endedMs: this.#deps.clock.now() };
    const skipped = this.targets.flatMap(({ device, status: stands }, index): ChangedTarget[] =>
      stands === 'waiting' ? [{ index, target: { device, status: 'skipped' } }] : [],
    );
    const rows = this.#unsavedRows();
    await this.#deps.store.save(ended, [...rows, ...skipped]);
    this.#groupTwin = ended;
    for (const { index, target } of skipped) this.targets[index] = target;
    this.#saved(rows);
  }

  async #save(): Promise<void> {
    if (this.#unsaved.size === 0) return;
    const rows = this.#unsavedRows();
    await this.#deps.store.saveTargets(this.#groupTwin.id, rows);
    this.#saved(rows);
  }

  #unsavedRows(): ChangedTarget[] {
    return [...this.#unsaved].flatMap((index) => {
      const target = this.targets[index];
      return target === undefined ? [] : [{ index, target }];
    });
  }

  #saved(rows: readonly ChangedTarget[]): void {
    for (const { index, target } of rows) if (this.targets[index] === target) this.#unsaved.delete(index);
  }
}
