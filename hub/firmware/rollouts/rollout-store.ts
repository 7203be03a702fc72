import type { Rollout, RolloutRecord, RolloutTarget } from './rollout.ts';

/** Rollouts on disk; each write is synced. All reject with HubError `database-failed`. */
export interface RolloutStore {
  /** Those of which some update has not ended. */
  open(): Promise<RolloutRecord[]>;
  find(id: string): Promise<RolloutRecord | undefined>;
  /** Newest first, without their targets. */
  list(limit: number): Promise<Rollout[]>;
  /** False, and nothing written, when the id is taken. */
  accept(record: RolloutRecord): Promise<boolean>;
  /** The rollout and these of its targets, all or nothing. */
  save(rollout: Rollout, targets: readonly { index: number; target: RolloutTarget }[]): Promise<void>;
  /** Forgets what ended before `endedBeforeMs` (Unix ms). */
  prune(endedBeforeMs: number): Promise<void>;
}
