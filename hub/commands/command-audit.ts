import type { Requester } from '../../schemas/api/requester.ts';
import type { CommandStatus } from '../../schemas/command-status.ts';
import type { CommandRequestAction } from '../audit/audit-action.ts';
import { hubItself, type AuditEvent, type Auditor } from '../audit/audit.ts';
import type { CommandFollower } from './answers.ts';
import type { CommandCounters } from './command-counters.ts';
import type { CommandRefusal } from './command-request.ts';
import type { Command } from './command.ts';

/** A request, as the audit names it. */
export interface RequestEntry {
  readonly action: CommandRequestAction;
  /** `d-1/c-17`, or the device alone where the caller gave no id; a group command's id, or its group or selector. */
  readonly subject: string;
  /** Of the command. */
  readonly name?: string | undefined;
  /** Not given: the hub itself. */
  readonly requester?: Requester | undefined;
}

/** A request about one device's command. */
export function commandEntry(
  { device, name, id }: { device: string; name: string; id?: string | undefined },
  requester: Requester | undefined,
): RequestEntry {
  return { action: 'command.send', subject: id === undefined ? device : `${device}/${id}`, name, requester };
}

export function cancelEntry(device: string, id: string, requester: Requester | undefined): RequestEntry {
  return { action: 'command.cancel', subject: `${device}/${id}`, requester };
}

/**
 * The entry that goes to disk together with a state of a command: who asked, and every state since.
 * @param first its first state in the journal, which may be its last as well
 */
export function stateEvent(command: Command, first: boolean): AuditEvent {
  const { device, id, name, status, reason, params, requester, cancelRequested } = command;
  return {
    ...((first ? requester : undefined) ?? hubItself),
    action: first ? 'command.send' : 'command.status',
    subject: `${device}/${id}`,
    outcome: status,
    // Becomes JSON, which leaves out what is undefined.
    details: {
      name,
      params: first ? params : undefined,
      cancelRequested: cancelRequested || undefined,
      reason,
    },
  };
}

/** Requests that are not states of a command: refusals and cancel requests. */
export class CommandAudit implements CommandFollower {
  readonly #auditor: Pick<Auditor, 'record' | 'noted'>;
  readonly #counters: Pick<CommandCounters, 'refused'>;

  constructor(auditor: Pick<Auditor, 'record' | 'noted'>, counters: Pick<CommandCounters, 'refused'>) {
    this.#auditor = auditor;
    this.#counters = counters;
  }

  /**
   * Counts a refusal and records it. Only requesters who may send commands get this far, so none is left out.
   * @param entry not given: it is counted alone
   */
  refused(refusal: CommandRefusal, entry: RequestEntry | undefined): CommandRefusal {
    const { reason, errors } = refusal;
    const { refused } = this.#counters;
    refused[reason] = (refused[reason] ?? 0) + 1;
    if (entry !== undefined) this.#record(entry, 'refused', { name: entry.name, reason, errors });
    return refusal;
  }

  /** A cancel request. @param outcome where the command stood then */
  asked(entry: RequestEntry, outcome: CommandStatus | 'done'): void {
    this.#record(entry, outcome);
  }

  /** Its entry is on disk, since the journal wrote the two in one. */
  commandChanged(): void {
    this.#auditor.noted(1);
  }

  #record(
    { action, subject, requester = hubItself }: RequestEntry,
    outcome: string,
    details: AuditEvent['details'] = {},
  ): void {
    void this.#auditor.record({ ...requester, action, subject, outcome, details });
  }
}
