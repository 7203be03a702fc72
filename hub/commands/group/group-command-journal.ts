import type { Group } from '../../../schemas/api/commands/group-commands.ts';
import type { GroupCommand, Target } from './group-command.ts';
import type { Delivery } from '../journal.ts';

/** A group command with its fixed targets, in their order. */
export interface GroupCommandRecord {
  readonly groupCommand: GroupCommand;
  readonly targets: readonly Target[];
}

/** A target that has changed, and its place among all. */
export interface ChangedTarget {
  readonly index: number;
  readonly target: Target;
}

/** Group commands on disk. Each write is synced; all methods reject with HubError `database-failed`. */
export interface GroupCommandJournal {
  /** Group commands that run, or have a target that is not settled; oldest first. */
  open(): Promise<GroupCommandRecord[]>;
  /** Ended, and the broker does not have the final report yet; not those that another hub publishes, which is there. */
  unanswered(): Promise<GroupCommandRecord[]>;
  find(id: string): Promise<GroupCommandRecord | undefined>;
  /** Newest first, without their targets. */
  list(limit: number): Promise<GroupCommand[]>;
  /** False, and nothing written, when the id is taken. */
  accept(record: GroupCommandRecord, delivery?: Delivery): Promise<boolean>;
  /**
   * Its end, together with targets that changed, all or nothing. False, and nothing written, when it has ended otherwise, or another
   * hub runs it by now; the same end may be written again.
   */
  save(groupCommand: GroupCommand, targets?: readonly ChangedTarget[]): Promise<boolean>;
  saveTargets(id: string, targets: readonly ChangedTarget[]): Promise<void>;
  /** The broker has the final report. */
  answered(id: string): Promise<void>;
  /** Forgets what ended before `endedBeforeMs` (Unix ms). */
  prune(endedBeforeMs: number): Promise<void>;
  groups(): Promise<Group[]>;
  setGroup(group: Group): Promise<void>;
  /** False when there is none. */
  removeGroup(name: string): Promise<boolean>;
}
