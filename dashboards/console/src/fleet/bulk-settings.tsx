import { useState } from 'preact/hooks';
import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask } from '../api.ts';
import { say } from '../components/status-region.tsx';
import { emptyDraft } from '../forms/params-draft.ts';
import { texts } from '../texts/texts.ts';
import { SettingsFields } from '../twins/settings-fields.tsx';
import { useSettingsDraft } from '../twins/use-settings-draft.ts';
import { forEach } from './bulk.ts';
import { ChosenType, type ChosenDevice } from './chosen-type.tsx';

interface BulkSettingsProps {
  readonly devices: readonly ChosenDevice[];
  readonly onClose: () => void;
}

/** The same settings for the devices that were chosen: those of one type. What is left empty stays. */
export function BulkSettings({ devices, onClose }: BulkSettingsProps) {
  return (
    <ChosenType devices={devices}>
      {({ id, twin }, ids) =>
        twin === undefined ? (
          <p class="quiet">{texts.fleet.thisTypeHasNoSettings}</p>
        ) : (
          <Patch key={id} ids={ids} definition={twin.desired} onClose={onClose} />
        )
      }
    </ChosenType>
  );
}

interface PatchProps {
  readonly ids: readonly string[];
  readonly definition: ObjectDefinition;
  readonly onClose: () => void;
}

function Patch({ ids, definition, onClose }: PatchProps) {
  const settings = useSettingsDraft(definition, () => emptyDraft(definition, true));
  const [done, setDone] = useState<number>();
  async function save(): Promise<void> {
    const patch = settings.attempt();
    if (patch === undefined) return;
    setDone(0);
    const failed = await forEach(
      ids,
      (id) => ask('PATCH /api/v1/devices/{id}/twin/desired', { params: { id }, body: patch }),
      setDone,
    );
    onClose();
    const [first] = failed;
    const word = texts.twins.changeSettings;
    if (first === undefined) say('done', texts.fleet.settingsAreOnTheirWay(texts.counts.devices(ids.length)));
    else say('fault', texts.fleet.someFailed(word, failed.length, ids.length, first.id, first.message));
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
      <p>{texts.twins.whatIsLeftEmptyStays}</p>
      <SettingsFields {...settings.fields} disabled={done !== undefined} />
      <p class="quiet">{texts.twins.eachDeviceComes}</p>
      <p class="bulk-devices" tabIndex={0} role="group" aria-label={texts.common.devices}>
        {ids.join(', ')}
      </p>
      <div class="actions">
        <button type="submit" class="button primary" disabled={done !== undefined}>
          {done === undefined
            ? texts.common.changeName(texts.counts.devices(ids.length))
            : texts.common.partOf(done, ids.length)}
        </button>
      </div>
    </form>
  );
}
