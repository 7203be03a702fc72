import { useState } from 'preact/hooks';
import type { GroupCommandView, GroupPreview } from '../../../../schemas/api/commands/group-commands.ts';
import type { CommandDefinition, DeviceTypeDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { messageOf } from '../api.ts';
import { checkCommand, newCommandDraft, type CommandDraft } from '../forms/command-draft.ts';
import { freshCommandKey } from '../forms/command-key.ts';
import { advance, startSending, type SendingEvent } from '../forms/sending.ts';
import { previewGroup, sendGroup, type GroupToSend } from './command-calls.ts';
import { readPace, type Pace } from './pace.ts';

export interface GroupFormProps {
  readonly type: DeviceTypeDefinition;
  readonly name: string;
  readonly definition: CommandDefinition;
  /** Names of stored groups, to choose from. */
  readonly groups: readonly string[];
  /** Where an earlier one went, and its params: it is to be sent again. */
  readonly to: string | undefined;
  readonly params: unknown;
  /** @param shown the devices of the preview */
  readonly onSent: (groupCommand: GroupCommandView, shown: readonly string[]) => void;
}

/** The input of the group command form, its faults, and the requests to the hub. */
export function useGroupForm({ type, name, definition, groups, to, params, onSent }: GroupFormProps) {
  const [target, setTarget] = useState(to ?? `type=${type.name}`);
  const [draft, setDraft] = useState<CommandDraft>(() => newCommandDraft(definition, params));
  const [pace, setPace] = useState<Pace>({ wave: '', maxFailures: '0' });
  const [sending, setSending] = useState(() => startSending(freshCommandKey()));
  const [preview, setPreview] = useState<GroupPreview>();
  /** The preview no longer shows what would be sent. */
  const changing =
    <Value>(set: (value: Value) => void) =>
    (value: Value): void => {
      setPreview(undefined);
      set(value);
    };
  const step = (event: SendingEvent): void => setSending((now) => advance(now, event));
  const checked = checkCommand(definition, draft);
  const paced = readPace(pace);
  const faults = [...targetFaults(target), ...checked.faults, ...paced.faults];
  const group: GroupToSend = {
    target: groups.includes(target) ? { group: target } : { to: target.trim() },
    name,
    params: checked.params,
    ttlMs: checked.ttlMs ?? 0,
    wave: paced.wave,
    maxFailures: paced.maxFailures,
    key: sending.key,
  };

  async function look(): Promise<void> {
    setPreview(undefined);
    step({ kind: 'checked' });
    try {
      setPreview(await previewGroup(group));
    } catch (error) {
      step({ kind: 'refused', message: messageOf(error), faults: [] });
    }
  }

  async function send(shown: readonly string[]): Promise<void> {
    const outcome = await sendGroup(group);
    step(outcome);
    if (outcome.kind !== 'unanswered') setPreview(undefined);
    if (outcome.kind !== 'answered') return;
    onSent(outcome.answer, shown);
    step({ kind: 'anew', key: freshCommandKey() });
  }

  return {
    target,
    setTarget: changing(setTarget),
    draft,
    setDraft: changing(setDraft),
    pace,
    setPace: changing(setPace),
    sending,
    step,
    preview,
    faults,
    group,
    look,
    send,
  };
}

function targetFaults(target: string): FieldError[] {
  if (target.trim() !== '') return [];
  return [{ path: 'target', keyword: 'required', expected: 'present', got: 'nothing' }];
}
