import { useState } from 'preact/hooks';
import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import { wholePatch } from '../../../../schemas/twin/merge-patch.ts';
import type { TwinView } from '../../../../schemas/api/twins/twins.ts';
import { ApiError, ask, messageOf } from '../api.ts';
import { draftOf } from '../forms/params-draft.ts';
import { texts } from '../texts/texts.ts';
import { SettingsFields } from './settings-fields.tsx';
import { useSettingsDraft } from './use-settings-draft.ts';

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
  const settings = useSettingsDraft(definition, () => draftOf(definition, opened.desired, true), true);
  const [saving, setSaving] = useState(false);

  async function save(): Promise<void> {
    const desired = settings.attempt();
    if (desired === undefined) return;
    setSaving(true);
    try {
      await ask('PATCH /api/v1/devices/{id}/twin/desired', {
        params: { id: opened.device },
        body: wholePatch(opened.desired, desired),
        ifMatch: `"${opened.rev}"`,
      });
      onDone();
    } catch (error) {
      const changed = error instanceof ApiError && error.code === 'twin-changed';
      const why = changed ? texts.twins.somebodyElseChangedTheSettings : messageOf(error);
      settings.refused(why, error instanceof ApiError ? error.errors : []);
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
      <SettingsFields {...settings.fields} disabled={saving} />
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
