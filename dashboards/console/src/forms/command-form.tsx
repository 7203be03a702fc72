import { useState } from 'preact/hooks';
import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import { sendCommand } from '../commands/command-calls.ts';
import type { CommandView } from '../../../../schemas/api/commands/commands.ts';
import { commandWords } from '../commands/command-titles.ts';
import { CommandFollower } from '../commands/command-follower.tsx';
import { texts } from '../texts/texts.ts';
import { checkCommand, newCommandDraft } from './command-draft.ts';
import { CommandFields } from './command-fields.tsx';
import { freshCommandKey } from './command-key.ts';
import { ConfirmStep } from './confirm-step.tsx';
import { FaultSummary } from './fault-summary.tsx';
import { advance, startSending, type SendingEvent } from './sending.ts';
import { Unclear } from './unclear.tsx';

interface CommandFormProps {
  readonly deviceId: string;
  readonly definition: CommandDefinition;
  readonly name: string;
  /** The params of an earlier command that is to be sent again. */
  readonly params?: unknown;
  /** The operator has finished. */
  readonly onDone: () => void;
}

/** The form of one command for one device: filled in, checked, confirmed if it moves something, sent, followed. */
export function CommandForm({ deviceId, definition, name, params, onDone }: CommandFormProps) {
  const [draft, setDraft] = useState(() => newCommandDraft(definition, params));
  const [sending, setSending] = useState(() => startSending(freshCommandKey()));
  const [command, setCommand] = useState<CommandView>();
  const checked = checkCommand(definition, draft);
  const title = commandWords(name, definition.title);
  const confirm = definition.safety === 'actuate' || definition.safety === 'critical';
  const step = (event: SendingEvent): void => setSending((now) => advance(now, event));

  async function send(): Promise<void> {
    const { ttlMs } = checked;
    if (ttlMs === undefined) return;
    const outcome = await sendCommand({ deviceId, name, params: checked.params, ttlMs, key: sending.key });
    if (outcome.kind === 'answered') setCommand(outcome.answer);
    step(outcome);
  }

  function submit(): void {
    step({ kind: 'submitted', faults: checked.faults, confirm });
    if (checked.faults.length === 0 && !confirm) void send();
  }

  if (sending.kind === 'sent' && command !== undefined) {
    return (
      <section class="command-form" aria-label={title}>
        <CommandFollower command={command} />
        <div class="actions">
          <button type="button" class="button" onClick={onDone}>
            {texts.forms.done}
          </button>
          <button type="button" class="button" onClick={() => step({ kind: 'anew', key: freshCommandKey() })}>
            {texts.forms.sendAnother}
          </button>
        </div>
      </section>
    );
  }
  if (sending.kind === 'confirming') {
    return (
      <ConfirmStep
        safety={definition.safety}
        target={deviceId}
        title={texts.forms.titleOnTarget(title, deviceId)}
        params={checked.params}
        onConfirm={() => {
          step({ kind: 'confirmed' });
          void send();
        }}
        onBack={() => step({ kind: 'back' })}
      />
    );
  }
  if (sending.kind === 'unclear') {
    return (
      <Unclear
        message={sending.message}
        onAgain={() => {
          step({ kind: 'again' });
          void send();
        }}
        onAnew={() => step({ kind: 'anew', key: freshCommandKey() })}
      />
    );
  }
  const editing = sending.kind === 'editing';
  return (
    <form
      class="command-form"
      noValidate
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {definition.description !== undefined && <p>{definition.description}</p>}
      {editing && (
        <FaultSummary faults={sending.faults} definition={definition.params} message={sending.message} />
      )}
      <CommandFields
        definition={definition}
        draft={draft}
        faults={editing ? sending.faults : []}
        disabled={!editing}
        onChange={setDraft}
      />
      <p class="quiet">{texts.forms.safeToRetryThisRequest(<code>{sending.key}</code>)}</p>
      <div class="actions">
        <button type="submit" class="button primary" disabled={!editing}>
          {editing
            ? confirm
              ? texts.forms.review
              : texts.forms.sendToDeviceId(deviceId)
            : texts.forms.sending}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {texts.common.cancel}
        </button>
      </div>
    </form>
  );
}
