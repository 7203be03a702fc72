import type { Requester } from '../../../schemas/api/requester.ts';
import { hubItself, type Auditor } from '../../audit/audit.ts';
import type { RequestEntry } from '../command-audit.ts';
import type { GroupCommandFollower } from './group-answers.ts';
import type { GroupCommandRecord } from './group-command-journal.ts';

/** The entry of a group command. Its subject is the id or, when the caller gave none, the group or selector. */
export function groupEntry(
  { id, group, to, name }: { id?: string | undefined; group?: string | undefined; to: string; name: string },
  requester: Requester,
): RequestEntry {
  const subject = id ?? (group === undefined ? to : `group ${group}`);
  return { action: 'group-command.send', subject, name, requester };
}

/** Who asked for a group command, and how it ended; each of its commands has entries of its own. */
export class GroupCommandAudit implements GroupCommandFollower {
  readonly #auditor: Pick<Auditor, 'record'>;

  constructor(auditor: Pick<Auditor, 'record'>) {
    this.#auditor = auditor;
  }

  groupCommandChanged({ groupCommand, targets }: GroupCommandRecord): void {
    const { id, to, name, params, status, reason, requester } = groupCommand;
    const begins = status === 'running';
    if (begins && targets.some((target) => target.status !== 'waiting')) return;
    void this.#auditor.record({
      ...(begins ? requester : hubItself),
      action: begins ? 'group-command.send' : 'group-command.status',
      subject: id,
      outcome: status,
      details: { to, name, params, devices: targets.length, reason },
    });
  }
}
