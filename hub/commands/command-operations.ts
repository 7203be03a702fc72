import type {
  CommandPage,
  CommandQuery,
  CommandView,
  SentCommand,
} from '../../schemas/api/commands/commands.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import { isFinal } from '../../schemas/command-status.ts';
import { HubError } from '../kernel/errors.ts';
import { withoutUndefined } from '../kernel/without-undefined.ts';
import { parsePayload, type CommandRefusal } from './command-request.ts';
import { commandEntry, type CommandAudit } from './command-audit.ts';
import type { Command } from './command.ts';
import type { CommandWaits } from './command-waits.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { CommandJournal } from './journal.ts';
import { refusalText } from './refusal-text.ts';
import { payloadOf } from './status-payload.ts';

/** A request as it came: judged by the same rules whatever its origin. */
export interface RawCommand {
  readonly device: string;
  readonly name: string;
  /** `{id?, params?, ttlMs?}` as JSON in UTF-8. */
  readonly payload: Uint8Array;
  /** The id when the payload has none. */
  readonly idempotencyKey?: string | undefined;
  /** W3C Trace Context of the caller. */
  readonly traceparent?: string | undefined;
}

/** Commands for interfaces that answer a caller directly: HTTP, and through it the command line. */
export interface CommandOperations {
  /**
   * Resolves once the command is in the journal, or up to `waitMs` later with its final status.
   * `repeated`: the same request came before.
   * @throws HubError `command-refused` with `details.reason` and `details.errors` · `bus-unavailable` when stopping
   */
  send(request: RawCommand, requester: Requester, waitMs?: number): Promise<SentCommand>;
  /** Waits up to `waitMs` for its end. @throws HubError `command-unknown` · `database-failed` */
  show(device: string, id: string, waitMs?: number): Promise<CommandView>;
  /** A journalled request: what the device has begun may end otherwise. @throws as `show` */
  cancel(device: string, id: string, requester: Requester): Promise<CommandView>;
  /**
   * Newest first, of devices the caller may see. `next`: the `before` of the next page.
   * @throws HubError `database-failed`
   */
  list(query: CommandQuery, mayShow?: (device: string) => boolean): Promise<CommandPage>;
}

/** A refusal as the fault of an operation. */
export function refusedError(refusal: CommandRefusal): HubError {
  const { reason, errors } = refusal;
  return new HubError('command-refused', refusalText(refusal), {
    details: { reason, ...withoutUndefined({ errors }) },
  });
}

export function createCommandOperations(deps: {
  dispatcher: Dispatcher;
  journal: CommandJournal;
  audit: CommandAudit;
  waits: CommandWaits;
}): CommandOperations {
  const { dispatcher, journal, audit, waits } = deps;

  async function known(device: string, id: string): Promise<Command> {
    const record = await dispatcher.find(device, id);
    if (record === undefined) throw new HubError('command-unknown', `${device}/${id}`);
    return record.command;
  }

  async function ended(command: Command, waitMs: number): Promise<Command> {
    const { device, id } = command;
    const wait = waits.begin(device, id, waitMs);
    const now = await known(device, id);
    if (isFinal(now.status)) wait.cancel();
    return (await wait.ended) ?? known(device, id);
  }

  return {
    async send({ device, name, payload, idempotencyKey, traceparent }, requester, waitMs = 0) {
      const parsed = parsePayload(payload, idempotencyKey);
      if (parsed.kind === 'refused') {
        throw refusedError(
          audit.refused(parsed.refusal, commandEntry({ device, name, id: parsed.id }, requester)),
        );
      }
      const { id, params, ttlMs } = parsed;
      const submission = await dispatcher.submit(
        { device, name, params, id, ttlMs },
        { requester, traceparent },
      );
      if (submission.kind === 'refused') throw refusedError(submission.refusal);
      const command = await ended(submission.command, waitMs);
      return { ...commandView(command), repeated: submission.kind === 'repeated' };
    },

    show: async (device, id, waitMs = 0) => commandView(await ended(await known(device, id), waitMs)),

    async cancel(device, id, requester) {
      const command = await dispatcher.cancel(device, id, requester);
      if (command === undefined) throw new HubError('command-unknown', `${device}/${id}`);
      return commandView(command);
    },

    async list(query, mayShow = () => true) {
      const { commands, last } = await journal.list(query);
      const shown = commands.filter(({ device }) => mayShow(device));
      return { commands: shown.map(commandView), ...withoutUndefined({ next: last }) };
    },
  };
}

/** A command as every interface that answers directly shows it. */
export function commandView(command: Command): CommandView {
  const { params, acceptedMs, requester, status } = command;
  return {
    ...payloadOf(command),
    final: isFinal(status),
    params,
    accepted: acceptedMs,
    ...requester,
  };
}
