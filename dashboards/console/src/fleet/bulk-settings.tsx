import { useState } from 'preact/hooks';
import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { ask } from '../api.ts';
import { say } from '../components/status-region.tsx';
import { checkParams } from '../forms/params-check.ts';
import { emptyDraft } from '../forms/params-draft.ts';
import { texts } from '../texts/texts.ts';
import { SettingsFields } from '../twins/settings-fields.tsx';
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
  const [draft, setDraft] = useState(() => emptyDraft(definition, true));
  const [faults, setFaults] = useState<readonly FieldError[]>([]);
  const [message, setMessage] = useState<string>();
  const [done, setDone] = useState<number>();
  async function save(): Promise<void> {
    const { params: patch, faults: found } = checkParams(definition, draft);
    const isEmpty = Object.keys(patch).length === 0;
    setFaults(found);
    setMessage(isEmpty && found.length === 0 ? texts.twins.fillInWhat : undefined);
    if (found.length > 0 || isEmpty) return;
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
      <SettingsFields
        definition={definition}
        draft={draft}
        faults={faults}
        message={message}
        disabled={done !== undefined}
        onChange={setDraft}
      />
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
