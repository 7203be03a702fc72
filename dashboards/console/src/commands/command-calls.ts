import type { CommandView } from '../../../../schemas/api/commands/commands.ts';
import type {
  GroupCommandView,
  GroupPreview,
  NewGroupCommand,
  SentGroupCommand,
} from '../../../../schemas/api/commands/group-commands.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { ApiError, ask, messageOf } from '../api.ts';
import { reasonWords } from '../forms/command-words.ts';

/** The outcome of a request to send something. `unanswered`: the hub may have done it, or not. */
export type Outcome<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly message: string; readonly faults: readonly FieldError[] }
  | { readonly kind: 'unanswered'; readonly message: string };

export interface CommandToSend {
  readonly deviceId: string;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly ttlMs: number;
  /** The same key again sends nothing twice. */
  readonly key: string;
}

export interface GroupToSend extends Omit<CommandToSend, 'deviceId'> {
  /** A selector; or the name of a stored group. */
  readonly target: { readonly to: string } | { readonly group: string };
  readonly wave: number | undefined;
  readonly maxFailures: number;
}

export function sendCommand({
  deviceId,
  name,
  params,
  ttlMs,
  key,
}: CommandToSend): Promise<Outcome<CommandView>> {
  return outcomeOf(
    ask('POST /api/v1/devices/{id}/commands/{command}', {
      params: { id: deviceId, command: name },
      body: { params, ttlMs },
      idempotencyKey: key,
    }),
  );
}

export function cancelCommand({ device, id }: CommandView): Promise<CommandView> {
  return ask('POST /api/v1/devices/{id}/commands/{command}/cancel', { params: { id: device, command: id } });
}

/** Which devices it would go to, and why it would be refused. @throws ApiError */
export async function previewGroup(group: GroupToSend): Promise<GroupPreview> {
  const body = { ...groupBody(group), dryRun: true };
  // What is sent says which of the two answers comes.
  return (await ask('POST /api/v1/group-commands', { body })) as GroupPreview;
}

export function sendGroup(group: GroupToSend): Promise<Outcome<GroupCommandView>> {
  const sent = ask('POST /api/v1/group-commands', { body: groupBody(group), idempotencyKey: group.key });
  return outcomeOf(sent.then((answer) => answer as SentGroupCommand));
}

/** @throws ApiError */
export function stopGroup(id: string): Promise<GroupCommandView> {
  return ask('POST /api/v1/group-commands/{id}/cancel', { params: { id } });
}

function groupBody({ target, name, params, ttlMs, wave, maxFailures }: GroupToSend): NewGroupCommand {
  return {
    ...target,
    name,
    command: { params, ttlMs, maxFailures, ...(wave === undefined ? {} : { wave }) },
  };
}

async function outcomeOf<Answer>(asked: Promise<Answer>): Promise<Outcome<Answer>> {
  try {
    return { kind: 'answered', answer: await asked };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // A refusal says that nothing was done; anything else from 500 on, or no answer at all, leaves that open.
    const refused = error.code === 'command-refused' || (error.status >= 400 && error.status < 500);
    if (!refused) return { kind: 'unanswered', message: messageOf(error) };
    return { kind: 'refused', message: refusalWords(error), faults: faultsOf(error) };
  }
}

/** The hub names its reason first, and the fields after it. */
function refusalWords(error: ApiError): string {
  if (error.code !== 'command-refused') return messageOf(error);
  const [reason = ''] = error.message.split(':', 1);
  return reasonWords(reason);
}

/** Pointers into the params. Those of a request that cannot be read are into the whole of it. */
function faultsOf({ errors, message }: ApiError): readonly FieldError[] {
  const whole = message.startsWith('bad-payload');
  if (!whole) return errors;
  return errors.map((fault) => ({ ...fault, path: fault.path.replace(/^\/params(?=\/|$)/, '') }));
}
