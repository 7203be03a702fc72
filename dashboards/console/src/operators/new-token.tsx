import { useState } from 'preact/hooks';
import type { Rights } from '../../../../schemas/api/operators.ts';
import { ask } from '../api.ts';
import { CopyText } from '../components/copy-text.tsx';
import { Panel } from '../components/panel.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { texts } from '../texts/texts.ts';
import { noRights, RightsFields } from './rights-fields.tsx';

const dayMs = 86_400_000;

/** Makes a token for a program, which is shown once. */
export function NewToken({ onMade }: { onMade: () => void }) {
  const [name, setName] = useState('');
  const [days, setDays] = useState('');
  const [rights, setRights] = useState<Rights>(noRights);
  const [token, setToken] = useState<string>();
  const request = useRequest();
  const make = (): void => {
    const notAfter = days === '' ? {} : { notAfterMs: Date.now() + Number(days) * dayMs };
    void request.run(
      () => ask('POST /api/v1/operators/tokens', { body: { name: name.trim(), ...rights, ...notAfter } }),
      (made) => {
        setToken(made.token);
        setName('');
        onMade();
      },
    );
  };
  return (
    <Panel title={texts.operators.newApiToken}>
      {token !== undefined && (
        <p class="note">
          {texts.operators.shownThisOnce} <CopyText text={token} label={texts.operators.theToken} />
        </p>
      )}
      <RequestForm
        label={texts.operators.newApiToken}
        action={texts.operators.makeTheToken}
        request={request}
        onSubmit={make}
      >
        <TextField
          label={texts.common.name}
          name="/name"
          required
          maxLength={64}
          value={name}
          onValue={setName}
        />
        <RightsFields rights={rights} set={(change) => setRights((now) => ({ ...now, ...change }))} />
        <TextField
          label={texts.operators.validForDaysOptional}
          type="number"
          min={1}
          max={36_500}
          hint={texts.operators.emptyUntilItIsRevoked}
          value={days}
          onValue={setDays}
        />
      </RequestForm>
      <p class="quiet">{texts.operators.screenOnAWall(<code>/#screen=TOKEN</code>)}</p>
    </Panel>
  );
}
