import { useState } from 'preact/hooks';
import type { NewEnrolment as Request } from '../../../../schemas/api/enrolments.ts';
import type { TypeRow } from '../../../../schemas/api/device-types.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { SelectField } from '../components/select-field.tsx';
import { Loaded } from '../components/states.tsx';
import { TextField } from '../components/text-field.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { useLoad } from '../use-load.ts';
import { labelsOf } from './new-ids.ts';

/** Makes a token with which new devices fetch their identity. */
export function NewEnrolment({ onMade }: { onMade: (token: string) => void }) {
  const types = useLoad((signal) => ask('GET /api/v1/device-types', { signal }), []);
  return (
    <Panel title="New token">
      <Loaded load={types} what="the device types">
        {({ types: rows }) => <EnrolmentForm types={rows} onMade={onMade} />}
      </Loaded>
    </Panel>
  );
}

const hourMs = 3_600_000;

function EnrolmentForm({ types, onMade }: { types: readonly TypeRow[]; onMade: (token: string) => void }) {
  const [type, setType] = useState(types[0]?.id ?? '');
  const [site, setSite] = useState('default');
  const [idPrefix, setIdPrefix] = useState('');
  const [uses, setUses] = useState('1');
  const [hours, setHours] = useState('24');
  const [reEnrolment, setReEnrolment] = useState<Request['reEnrolment']>('approve');
  const [labels, setLabels] = useState('');
  const request = useRequest();
  const read = labelsOf(labels);
  const make = (): void => {
    if (read === undefined) return;
    const notAfterMs = Date.now() + Number(hours) * hourMs;
    const body = { type, site, idPrefix, uses: Number(uses), notAfterMs, reEnrolment, labels: read };
    void request.run(
      () => ask('POST /api/v1/enrolments', { body }),
      ({ token }) => onMade(token),
    );
  };
  return (
    <form
      class="command-form"
      aria-label="New token"
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
    >
      <Refusal error={request.error} />
      <SelectField
        label="Device type"
        value={type}
        onValue={setType}
        choices={types.map(({ id }) => [id, id])}
      />
      <TextField label="Site" name="/site" required value={site} onValue={setSite} />
      <TextField label="Ids begin with (optional)" name="/idPrefix" value={idPrefix} onValue={setIdPrefix} />
      <div class="field-row">
        <TextField
          label="Devices"
          name="/uses"
          type="number"
          min={1}
          max={1_000_000}
          required
          value={uses}
          onValue={setUses}
        />
        <TextField
          label="Valid for, h"
          type="number"
          min={1}
          max={8_760}
          required
          value={hours}
          onValue={setHours}
        />
      </div>
      <SelectField
        label="A device that is registered already gets a new identity"
        value={reEnrolment}
        onValue={(value) => setReEnrolment(value as Request['reEnrolment'])}
        choices={[
          ['approve', 'after approval'],
          ['auto', 'at once'],
          ['never', 'never'],
        ]}
      />
      <TextField
        label="Labels (optional)"
        name="/labels"
        hint="floor=2, room=kitchen"
        fault={read === undefined ? 'Write each as key=value, with commas between them.' : undefined}
        value={labels}
        onValue={setLabels}
      />
      <div class="actions">
        <button type="submit" class="button primary" disabled={request.busy || read === undefined}>
          Make the token
        </button>
      </div>
    </form>
  );
}
