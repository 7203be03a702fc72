import type { Rollout, RolloutRecord, RolloutTarget } from '../../../hub/firmware/rollouts/rollout.ts';
import type { RolloutStore } from '../../../hub/firmware/rollouts/rollout-store.ts';
import { HubError } from '../../../hub/kernel/errors.ts';

/** Rollouts in memory, kept as the text that a disk would hold. */
export class MemoryRolloutStore implements RolloutStore {
  readonly #records = new Map<string, { rollout: string; targets: string[] }>();
  saves = 0;
  /** Called before each write; a test that throws there is a disk that fails. */
  before: () => void = () => undefined;

  async open(): Promise<RolloutRecord[]> {
    return this.all().filter(({ rollout }) => rollout.settled !== true);
  }

  async find(id: string): Promise<RolloutRecord | undefined> {
    return this.all().find(({ rollout }) => rollout.id === id);
  }

  async list(limit: number): Promise<Rollout[]> {
    return this.all()
      .map(({ rollout }) => rollout)
      .toReversed()
      .slice(0, limit);
  }

  async accept({ rollout, targets }: RolloutRecord): Promise<boolean> {
    this.#write();
    if (this.#records.has(rollout.id)) return false;
    this.#records.set(rollout.id, {
      rollout: JSON.stringify(rollout),
      targets: targets.map((target) => JSON.stringify(target)),
    });
    return true;
  }

  async save(rollout: Rollout, targets: readonly { index: number; target: RolloutTarget }[]): Promise<void> {
    this.#write();
    const record = this.#records.get(rollout.id);
    if (record === undefined) throw new HubError('database-failed', 'no such rollout');
    record.rollout = JSON.stringify(rollout);
    for (const { index, target } of targets) record.targets[index] = JSON.stringify(target);
  }

  async prune(endedBeforeMs: number): Promise<void> {
    for (const { rollout } of this.all())
      if (rollout.settled === true && (rollout.endedMs ?? Infinity) < endedBeforeMs)
        this.#records.delete(rollout.id);
  }

  /** As on disk. */
  all(): RolloutRecord[] {
    return [...this.#records.values()].map(({ rollout, targets }) => ({
      rollout: JSON.parse(rollout) as Rollout,
      targets: targets.map((target) => JSON.parse(target) as RolloutTarget),
    }));
  }

  #write(): void {
    this.before();
    this.saves += 1;
  }
}
