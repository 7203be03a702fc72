import type { Target } from '../../commands/group/group-command.ts';
import type { GroupTwin, GroupTwinRecord } from './group-twin.ts';

/** Group twins on disk; each write is synced. All reject with HubError `database-failed`. */
export interface GroupTwinStore {
  /** Those that run. */
  open(): Promise<GroupTwinRecord[]>;
  find(id: string): Promise<GroupTwinRecord | undefined>;
  /** Newest first, without their targets. */
  list(limit: number): Promise<GroupTwin[]>;
  /** False, and nothing written, when the id is taken. */
  accept(record: GroupTwinRecord): Promise<boolean>;
  save(groupTwin: GroupTwin): Promise<void>;
  saveTargets(id: string, targets: readonly { index: number; target: Target }[]): Promise<void>;
  /** Forgets what ended before `endedBeforeMs` (Unix ms). */
  prune(endedBeforeMs: number): Promise<void>;
}
