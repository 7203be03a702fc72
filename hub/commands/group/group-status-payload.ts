import type { GroupCommandSummary } from '../../../schemas/api/commands/group-commands.ts';
import { tally } from '../../../schemas/command-tally.ts';
import { withoutUndefined } from '../../kernel/without-undefined.ts';
import type { GroupCommandRecord } from './group-command-journal.ts';

/** The payload of a group command's status topic. */
export type GroupStatusPayload = Omit<
  GroupCommandSummary,
  'to' | 'params' | 'final' | 'accepted' | 'wave' | 'maxFailures'
>;

/** A group command as every interface shows it, at this time (Unix ms). */
export function groupPayloadOf(
  { groupCommand, targets }: GroupCommandRecord,
  nowMs: number,
): GroupStatusPayload {
  const { id, group = '-', name, status, reason, endedMs = nowMs } = groupCommand;
  return { id, group, name, status, ts: endedMs, ...withoutUndefined({ reason }), ...tally(targets) };
}
