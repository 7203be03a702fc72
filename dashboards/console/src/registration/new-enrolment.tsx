import { useState } from 'preact/hooks';
import type { NewEnrolment as Request } from '../../../../schemas/api/enrolments.ts';
import type { TypeRow } from '../../../../schemas/api/device-types.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { SelectField } from '../components/select-field.tsx';
import { Loaded } from '../components/states.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import type { NewToken } from './snippets.ts';
import { labelsOf } from './new-ids.ts';

/** Makes a token with which new devices fetch their identity. */
export function NewEnrolment({ onMade }: { onMade: (made: NewToken) => void }) {
  const types = useLoad((signal) => ask('GET /api/v1/device-types', { signal }), []);
  return (
    <Panel title={texts.registration.newToken}>
      <Loaded load={types} what={texts.common.theDeviceTypes}>
        {({ types: rows }) => <EnrolmentForm types={rows} onMade={onMade} />}
      </Loaded>
    </Panel>
  );
}

const hourMs = 3_600_000;

function EnrolmentForm({ types, onMade }: { types: readonly TypeRow[]; onMade: (made: NewToken) => void }) {
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
      ({ token }) => onMade({ token, idPrefix }),
    );
  };
  return (
    <RequestForm
      label={texts.registration.newToken}
      action={texts.registration.makeTheToken}
      request={request}
      onSubmit={make}
      ready={read !== undefined}
    >
      <SelectField
        label={texts.common.deviceType}
        value={type}
        onValue={setType}
        choices={types.map(({ id }) => [id, id])}
      />
      <TextField label={texts.registration.site} name="/site" required value={site} onValue={setSite} />
      <TextField
        label={texts.registration.idsBeginWithOptional}
        name="/idPrefix"
        value={idPrefix}
        onValue={setIdPrefix}
      />
      <div class="field-row">
        <TextField
          label={texts.common.devices}
          name="/uses"
          type="number"
          min={1}
          max={1_000_000}
          required
          value={uses}
          onValue={setUses}
        />
        <TextField
          label={texts.registration.validForH}
          type="number"
          min={1}
          max={8_760}
          required
          value={hours}
          onValue={setHours}
        />
      </div>
      <SelectField
        label={texts.registration.deviceThatIsRegisteredAlready}
        value={reEnrolment}
        onValue={(value) => setReEnrolment(value as Request['reEnrolment'])}
        choices={[
          ['approve', texts.registration.reEnrolmentWords.approve],
          ['auto', texts.registration.reEnrolmentWords.auto],
          ['never', texts.registration.reEnrolmentWords.never],
        ]}
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
