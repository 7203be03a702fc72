import type { ChangedTarget } from '../../commands/group/group-command-journal.ts';
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
  /** Together with targets that changed, all or nothing. */
  save(groupTwin: GroupTwin, targets?: readonly ChangedTarget[]): Promise<void>;
  saveTargets(id: string, targets: readonly ChangedTarget[]): Promise<void>;
  /** Forgets what ended before `endedBeforeMs` (Unix ms). */
  prune(endedBeforeMs: number): Promise<void>;
}
