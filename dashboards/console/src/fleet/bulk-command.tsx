import { useState } from 'preact/hooks';
import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import { sendCommand } from '../commands/command-calls.ts';
import { commandWords } from '../commands/command-titles.ts';
import { SelectField } from '../components/select-field.tsx';
import { say } from '../components/status-region.tsx';
import { checkCommand, newCommandDraft } from '../forms/command-draft.ts';
import { CommandFields } from '../forms/command-fields.tsx';
import { freshCommandKey } from '../forms/command-key.ts';
import { ConfirmStep } from '../forms/confirm-step.tsx';
import { goTo } from '../router.ts';
import { maySend } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { forEach } from './bulk.ts';
import { ChosenType, type ChosenDevice } from './chosen-type.tsx';

interface BulkCommandProps {
  readonly devices: readonly ChosenDevice[];
  readonly onClose: () => void;
}

/** One command to the devices that were chosen: those of one type, named before it is sent. */
export function BulkCommand({ devices, onClose }: BulkCommandProps) {
  const [name, setName] = useState('');
  return (
    <ChosenType devices={devices}>
      {({ id, commands = {} }, ids) => {
        const able = Object.entries(commands).filter(([, { safety }]) => maySend(safety));
        const [command, definition] = able.find(([each]) => each === name) ?? able[0] ?? [];
        if (command === undefined || definition === undefined)
          return <p class="quiet">{texts.fleet.thisTypeHasNoCommands}</p>;
        return (
          <>
            <SelectField
              label={texts.common.command}
              value={command}
              onValue={setName}
              choices={able.map(([each, { title }]) => [each, commandWords(each, title)])}
            />
            <Send key={`${id} ${command}`} {...{ ids, command, definition, onClose }} />
          </>
        );
      }}
    </ChosenType>
  );
}

interface SendProps {
  readonly ids: readonly string[];
  readonly command: string;
  readonly definition: CommandDefinition;
  readonly onClose: () => void;
}

function Send({ ids, command, definition, onClose }: SendProps) {
  const [draft, setDraft] = useState(() => newCommandDraft(definition));
  const [tried, setTried] = useState(false);
  const [stage, setStage] = useState<'editing' | 'confirming' | 'sending'>('editing');
  const { params, ttlMs, faults } = checkCommand(definition, draft);
  const target = texts.counts.devices(ids.length);

  async function send(): Promise<void> {
    setStage('sending');
    const failed = await forEach(
      ids,
      async (deviceId) => {
        const key = freshCommandKey();
        const outcome = await sendCommand({ deviceId, name: command, params, ttlMs: ttlMs ?? 0, key });
        if (outcome.kind !== 'answered') throw new Error(outcome.message);
      },
      () => undefined,
    );
    onClose();
    const [first] = failed;
    if (first === undefined)
      say('done', texts.fleet.isSentTo(commandWords(command, definition.title), target));
    else say('fault', texts.fleet.someFailed(command, failed.length, ids.length, first.id, first.message));
    goTo(`/commands?name=${encodeURIComponent(command)}`);
  }

  if (stage === 'confirming') {
    return (
      <>
        <p class="bulk-devices" tabIndex={0} role="group" aria-label={texts.common.devices}>
          {ids.join(', ')}
        </p>
        <ConfirmStep
          safety={definition.safety}
          target={target}
          title={texts.forms.titleOnTarget(
            commandWords(command, definition.title),
            texts.counts.devices(ids.length),
          )}
          params={params}
          onConfirm={() => void send()}
          onBack={() => setStage('editing')}
        />
      </>
    );
  }
  return (
    <form
      class="command-form"
      noValidate
      aria-label={commandWords(command, definition.title)}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (faults.length === 0) setStage('confirming');
      }}
    >
      <CommandFields
        definition={definition}
        draft={draft}
        faults={tried ? faults : []}
        disabled={stage === 'sending'}
        onChange={setDraft}
      />
      <div class="actions">
        <button type="submit" class="button primary" disabled={stage === 'sending'}>
          {stage === 'sending' ? texts.fleet.sending : texts.fleet.reviewForTarget(target)}
        </button>
      </div>
    </form>
  );
}
