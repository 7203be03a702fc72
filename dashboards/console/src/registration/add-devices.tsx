import { useState } from 'preact/hooks';
import type { TypeRow } from '../../../../schemas/api/device-types.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { SelectField } from '../components/select-field.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { labelsOf, newIds } from './new-ids.ts';
import { NewSecrets, type NewDevicesMade } from './new-secrets.tsx';

/** Registers one device or many; their secrets are shown once. */
export function AddDevices() {
  const types = useLoad((signal) => ask('GET /api/v1/device-types', { signal }), []);
  const [made, setMade] = useState<NewDevicesMade>();
  if (made !== undefined) return <NewSecrets made={made} onDone={() => setMade(undefined)} />;
  return (
    <Panel
      title={texts.registration.addDevices}
      aside={<a href="/playground">{texts.registration.tryOneInThisPage}</a>}
    >
      <Loaded load={types} what={texts.common.theDeviceTypes}>
        {({ types: rows }) =>
          rows.length === 0 ? (
            <Empty title={texts.registration.thereAreNoDeviceTypes} />
          ) : (
            <AddForm types={rows} onMade={setMade} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function AddForm({ types, onMade }: { types: readonly TypeRow[]; onMade: (made: NewDevicesMade) => void }) {
  const [type, setType] = useState(types[0]?.id ?? '');
  const [id, setId] = useState('');
  const [count, setCount] = useState('');
  const [site, setSite] = useState('default');
  const [labels, setLabels] = useState('');
  const request = useRequest();
  const ids = newIds(id, count);
  const read = labelsOf(labels);
  const add = (): void => {
    if (read === undefined) return;
    void request.run(
      () => ask('POST /api/v1/devices', { body: { ids, type, site, labels: read } }),
      ({ devices }) => onMade({ type, devices }),
    );
  };
  const [first = ''] = ids;
  return (
    <RequestForm
      label={texts.registration.addDevices}
      action={
        ids.length > 1
          ? texts.registration.addCounted(texts.counts.devices(ids.length))
          : texts.registration.addTheDevice
      }
      request={request}
      onSubmit={add}
      ready={read !== undefined && ids.length > 0}
      name="narrow-form"
    >
      <SelectField
        label={texts.common.deviceType}
        name="/type"
        value={type}
        onValue={setType}
        choices={types.map((row) => [row.id, row.id])}
      />
      <div class="field-row">
        <TextField
          label={count === '' ? texts.registration.deviceId : texts.registration.startOfTheIds}
          name="/ids"
          hint={texts.registration.allowedIds}
          required
          maxLength={64}
          value={id}
          onValue={setId}
        />
        <TextField
          label={texts.registration.howManyOptional}
          type="number"
          min={1}
          max={10_000}
          hint={
            count === ''
              ? texts.registration.emptyOneDevice
              : texts.registration.firstToIds(first, ids.at(-1) ?? '')
          }
          value={count}
          onValue={setCount}
        />
      </div>
      <TextField
        label={texts.registration.site}
        name="/site"
        hint={texts.registration.tagOfEveryReading}
        required
        value={site}
        onValue={setSite}
      />
      <TextField
        label={texts.registration.labelsOptional}
        name="/labels"
        hint={texts.registration.labelsShortExample}
        fault={read === undefined ? texts.registration.writeEachAsKeyValue : undefined}
        value={labels}
        onValue={setLabels}
      />
    </RequestForm>
  );
}
