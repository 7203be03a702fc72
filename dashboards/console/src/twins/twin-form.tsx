import { useState } from 'preact/hooks';
import type { FieldError } from '../../../../schemas/field-error.ts';
import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import { wholePatch } from '../../../../schemas/twin/merge-patch.ts';
import type { TwinView } from '../../../../schemas/api/twins/twins.ts';
import { ApiError, ask, messageOf } from '../api.ts';
import { checkParams } from '../forms/params-check.ts';
import { draftOf } from '../forms/params-draft.ts';
import { texts } from '../texts/texts.ts';
import { SettingsFields } from './settings-fields.tsx';

interface TwinFormProps {
  readonly twin: TwinView;
  readonly definition: ObjectDefinition;
  /** Saved, or left. */
  readonly onDone: () => void;
}

/**
 * The form of what a device should hold. It builds on the revision that it was opened with: when somebody else was faster, nothing is
 * overwritten.
 */
export function TwinForm({ twin, definition, onDone }: TwinFormProps) {
  const [opened] = useState(twin);
  const [draft, setDraft] = useState(() => draftOf(definition, opened.desired, true));
  const [faults, setFaults] = useState<readonly FieldError[]>([]);
  const [message, setMessage] = useState<string>();
  const [saving, setSaving] = useState(false);

  async function save(): Promise<void> {
    const checked = checkParams(definition, draft);
    setFaults(checked.faults);
    setMessage(undefined);
    if (checked.faults.length > 0) return;
    setSaving(true);
    try {
      await ask('PATCH /api/v1/devices/{id}/twin/desired', {
        params: { id: opened.device },
        body: wholePatch(opened.desired, checked.params),
        ifMatch: `"${opened.rev}"`,
      });
      onDone();
    } catch (error) {
      setFaults(error instanceof ApiError ? error.errors : []);
      const changed = error instanceof ApiError && error.code === 'twin-changed';
      setMessage(changed ? texts.twins.somebodyElseChangedTheSettings : messageOf(error));
      setSaving(false);
    }
  }

  return (
    <form
      class="command-form"
      noValidate
      aria-label={texts.twins.changeSettings}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <p>{texts.twins.whatIsLeftEmpty}</p>
      <SettingsFields
        definition={definition}
        draft={draft}
        faults={faults}
        message={message}
        disabled={saving}
        onChange={setDraft}
      />
      <div class="actions">
        <button type="submit" class="button primary" disabled={saving}>
          {saving ? texts.twins.saving : texts.twins.saveSettings}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {texts.common.cancel}
        </button>
      </div>
    </form>
  );
}
