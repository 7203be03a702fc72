import { isFinal } from '../../schemas/command-status.ts';
import { step } from '../commands/command.ts';
import type { ChangedTarget, GroupCommandJournal } from '../commands/group/group-command-journal.ts';
import type { CommandJournal } from '../commands/journal.ts';

export interface RestoredCommands {
  /** Commands that may have been sent since the backup: now uncertain. */
  commands: number;
  /** Group commands that were stopped. */
  groupCommands: number;
}

/** Written at a time: they share commits. */
const chunk = 500;

/**
 * What was open in a backup may have been sent, and have ended, after it. So nothing of it is sent again: each device is
 * asked what became of its commands, and a group command ends, because its targets' commands are not all known.
 * @throws HubError `database-failed`
 */
export async function settleRestored(
  journal: Pick<CommandJournal, 'open' | 'save' | 'find'>,
  groups: Pick<GroupCommandJournal, 'open' | 'save'>,
  nowMs: number,
): Promise<RestoredCommands> {
  const open = await journal.open();
  for (let at = 0; at < open.length; at += chunk) {
    const some = open.slice(at, at + chunk);
    await Promise.all(
      some.map(({ command }) => {
        const restored = step(command, { kind: 'restored' }, nowMs).command;
        return journal.save(restored, isFinal(restored.status));
      }),
    );
  }
  const running = (await groups.open()).filter(({ groupCommand }) => groupCommand.status === 'running');
  for (const { groupCommand, targets } of running) {
    const lost: ChangedTarget[] = [];
    for (const [index, target] of targets.entries()) {
      // The journal of commands has those that were begun; their targets are saved when they have ended.
      if (target.status !== 'waiting' || (await journal.find(target.device, groupCommand.id)) !== undefined)
        continue;
      lost.push({ index, target: { ...target, status: 'lost', reason: 'restored' } });
    }
    await groups.save({ ...groupCommand, status: 'stopped', reason: 'restored', endedMs: nowMs }, lost);
  }
  return { commands: open.length, groupCommands: running.length };
}
