import type { CommandStatus } from '../../schemas/command-status.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import { hubItself, type AuditEvent, type Auditor } from '../audit/audit.ts';
import type { IncomingMessage } from '../bus/bus.ts';
import type { Refusal } from './command-request.ts';
import type { Command } from './command.ts';

/** Something that was asked for, as the audit names it. */
export interface Ask {
  readonly action: 'command.send' | 'command.cancel' | 'group-command.send' | 'group-command.cancel';
  /** `d-1/c-17`, or the device alone where the caller gave no id; a group command's id, or what it was sent to. */
  readonly subject: string;
  /** Of the command. */
  readonly name?: string;
  /** Not given: the hub itself. */
  readonly requester?: Requester | undefined;
}

/** A request about one device's command. */
export function commandAsk(
  { device, name, id }: { device: string; name: string; id?: string },
  requester: Requester | undefined,
): Ask {
  return { action: 'command.send', subject: id === undefined ? device : `${device}/${id}`, name, requester };
}

/** A group command: subject is its id, or where the caller gave none what it was to go to. */
export function groupAsk(
  { id, group, to, name }: { id?: string | undefined; group?: string | undefined; to: string; name: string },
  requester: Requester,
): Ask {
  return {
    action: 'group-command.send',
    subject: id ?? (group === undefined ? to : `group ${group}`),
    name,
    requester,
  };
}

/** Who published a message: only the embedded broker tells. */
export function mqttRequester({ actor = 'mqtt' }: IncomingMessage): Requester {
  return { origin: 'mqtt', actor };
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
    details: {
      name,
      ...(first ? { params } : {}),
      ...(cancelRequested ? { cancelRequested } : {}),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

/** What was asked and is no command's own state: refusals and cancel requests. */
export class CommandAudit {
  readonly #auditor: Pick<Auditor, 'record'>;

  constructor(auditor: Pick<Auditor, 'record'>) {
    this.#auditor = auditor;
  }

  /** Who gets this far may send commands, which are all recorded: so is every refusal. */
  refused({ action, subject, name, requester }: Ask, { reason, errors }: Refusal): void {
    const details = {
      ...(name === undefined ? {} : { name }),
      reason,
      ...(errors === undefined ? {} : { errors }),
    };
    void this.#auditor.record({ ...(requester ?? hubItself), action, subject, outcome: 'refused', details });
  }

  /** A request that became none of a command's states by itself. @param outcome where the command stood then */
  asked({ action, subject, requester }: Ask, outcome: CommandStatus | 'done'): void {
    void this.#auditor.record({ ...(requester ?? hubItself), action, subject, outcome });
  }
}
