import { useState } from 'preact/hooks';
import type { GroupTwinPreview } from '../../../../schemas/api/twins/group-twins.ts';
import type { TwinDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { SelectField } from '../components/select-field.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { freshCommandKey } from '../forms/command-key.ts';
import { emptyDraft } from '../forms/params-draft.ts';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { SettingsFields } from './settings-fields.tsx';
import { useSettingsDraft } from './use-settings-draft.ts';

/** Types with settings, in their newest version that has devices. */
export function NewGroupTwin() {
  const types = useLoad(async (signal) => {
    const { types: rows } = await ask('GET /api/v1/device-types', { signal });
    const all = await Promise.all(
      rows.map(({ id }) => ask('GET /api/v1/device-types/{id}', { params: { id }, signal })),
    );
    return all.flatMap(({ id, name, twin }) => (twin === undefined ? [] : [{ id, name, twin }]));
  }, []);
  const [typeId, setTypeId] = useState('');
  return (
    <Panel title={texts.twins.changeSettingsOfMany}>
      <Loaded load={types} what={texts.common.theDeviceTypes}>
        {(able) => {
          const chosen = able.find(({ id }) => id === typeId) ?? able[0];
          if (chosen === undefined) return <Empty title={texts.twins.noDeviceTypeHasSettings} />;
          return (
            <div class="command-form">
              <SelectField
                label={texts.common.deviceType}
                value={chosen.id}
                onValue={setTypeId}
                choices={able.map(({ id }) => [id, id])}
              />
              <PatchForm key={chosen.id} name={chosen.name} twin={chosen.twin} />
            </div>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function PatchForm({ name, twin: { desired } }: { name: string; twin: TwinDefinition }) {
  const settings = useSettingsDraft(desired, () => emptyDraft(desired, true));
  const [to, setTo] = useState(`type=${name}`);
  const [maxFailures, setMaxFailures] = useState('0');
  const [preview, setPreview] = useState<Pick<PreviewProps, 'devices' | 'patch'>>();
  const [id, setId] = useState(freshCommandKey);
  const request = useRequest();
  const change = { to: to.trim(), maxFailures: Number(maxFailures) };
  const look = (): void => {
    const patch = settings.attempt();
    if (patch === undefined) return;
    void request.run(
      () => ask('POST /api/v1/group-twins', { body: { ...change, patch, dryRun: true } }),
      // With dryRun a preview is what comes.
      (answer) => setPreview({ devices: (answer as GroupTwinPreview).devices, patch }),
    );
  };
  const set = (patch: PreviewProps['patch']): void =>
    void request.run(
      () => ask('POST /api/v1/group-twins', { body: { ...change, patch, id } }),
      () => {
        say('done', texts.twins.settingsAreOnTheirWay);
        setPreview(undefined);
        setQuery({ id });
        setId(freshCommandKey());
      },
    );
  const changing =
    <Value,>(take: (value: Value) => void) =>
    (value: Value): void => {
      setPreview(undefined);
      take(value);
    };
  return (
    <form
      class="command-form"
      noValidate
      aria-label={texts.twins.changeSettingsOfMany}
      onSubmit={(event) => {
        event.preventDefault();
        look();
      }}
    >
      <Refusal error={request.error} />
      <TextField
        label={texts.common.devices}
        name="/to"
        hint={texts.twins.allADeviceId}
        value={to}
        onValue={changing(setTo)}
      />
      <p class="quiet">{texts.twins.whatIsLeftEmptyStays}</p>
      <SettingsFields
        {...settings.fields}
        disabled={request.busy}
        onChange={changing(settings.fields.onChange)}
      />
      <TextField
        label={texts.common.failuresAllowed}
        type="number"
        min={0}
        hint={texts.twins.itStopsAtMore}
        value={maxFailures}
        onValue={changing(setMaxFailures)}
      />
      <div class="actions">
        <button type="submit" class="button" disabled={request.busy}>
          {texts.common.previewDevices}
        </button>
      </div>
      {preview !== undefined && <Preview {...preview} busy={request.busy} onSet={() => set(preview.patch)} />}
    </form>
  );
}

interface PreviewProps {
  devices: readonly string[];
  patch: Readonly<Record<string, unknown>>;
  busy: boolean;
  onSet: () => void;
}

/** Which devices the change is for, before it is made. */
function Preview({ devices, patch, busy, onSet }: PreviewProps) {
  const counted = texts.counts.devices(devices.length);
  return (
    <section class="preview" aria-label={texts.common.preview}>
      <p role="status">
        {texts.twins.tenthOfThemInEach(<strong>{counted}</strong>, <code>{JSON.stringify(patch)}</code>)}
      </p>
      <p class="bulk-devices" tabIndex={0} role="group" aria-label={texts.common.devices}>
        {devices.join(', ')}
      </p>
      {devices.length > 0 && (
        <div class="actions">
          <button type="button" class="button primary" disabled={busy} onClick={onSet}>
            {texts.common.changeName(counted)}
          </button>
        </div>
      )}
    </section>
  );
}
