import { defaultWave } from '../../../../schemas/command-tally.ts';
import { CommandFields } from '../forms/command-fields.tsx';
import { freshCommandKey } from '../forms/command-key.ts';
import { ConfirmStep } from '../forms/confirm-step.tsx';
import { FaultSummary } from '../forms/fault-summary.tsx';
import { Unclear } from '../forms/unclear.tsx';
import { texts } from '../texts/texts.ts';
import { commandWords } from './command-titles.ts';
import { GroupTarget, PaceFields } from './group-fields.tsx';
import { GroupPreview } from './group-preview.tsx';
import { useGroupForm, type GroupFormProps } from './use-group-form.ts';

/** One command for many devices: filled in, previewed, sent in waves. */
export function GroupForm(props: GroupFormProps) {
  const { name, definition, groups } = props;
  const {
    target,
    setTarget,
    draft,
    setDraft,
    pace,
    setPace,
    sending,
    step,
    preview,
    faults,
    group,
    look,
    send,
  } = useGroupForm(props);
  if (preview !== undefined && preview.refusal === undefined && sending.kind === 'confirming') {
    return (
      <ConfirmStep
        safety={definition.safety}
        target={target}
        title={texts.forms.titleToDevices(
          commandWords(name, definition.title),
          texts.counts.devices(preview.devices.length),
          target,
        )}
        params={group.params}
        onConfirm={() => {
          step({ kind: 'confirmed' });
          void send(preview.devices);
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
          void send(preview?.devices ?? []);
        }}
        onAnew={() => step({ kind: 'anew', key: freshCommandKey() })}
      />
    );
  }
  const editing = sending.kind === 'editing';
  const shown = editing ? sending.faults : [];
  return (
    <form
      class="command-form"
      noValidate
      aria-label={texts.commands.forAGroup(commandWords(name, definition.title))}
      onSubmit={(event) => {
        event.preventDefault();
        // Submitting only previews the devices: sending has a button of its own.
        if (faults.length > 0) step({ kind: 'submitted', faults, confirm: true });
        else void look();
      }}
    >
      {editing && (
        <FaultSummary faults={sending.faults} definition={definition.params} message={sending.message} />
      )}
      <GroupTarget target={target} groups={groups} faults={shown} disabled={!editing} onChange={setTarget} />
      <CommandFields
        definition={definition}
        draft={draft}
        faults={shown}
        disabled={!editing}
        onChange={setDraft}
      />
      <PaceFields pace={pace} faults={shown} disabled={!editing} onChange={setPace} />
      <div class="actions">
        <button type="submit" class="button" disabled={!editing}>
          {texts.common.previewDevices}
        </button>
      </div>
      {preview !== undefined && (
        <GroupPreview
          type={props.type.name}
          preview={preview}
          wave={group.wave ?? defaultWave(preview.devices.length)}
          maxFailures={group.maxFailures}
          onSend={editing ? () => step({ kind: 'submitted', faults, confirm: true }) : undefined}
        />
      )}
    </form>
  );
}
