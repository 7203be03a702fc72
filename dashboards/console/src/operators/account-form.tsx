import { useState } from 'preact/hooks';
import type { Account, Rights } from '../../../../schemas/api/operators.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { texts } from '../texts/texts.ts';
import { noRights, RightsFields } from './rights-fields.tsx';

/** Makes an account, or changes one. @param account the one to be changed */
export function AccountForm({ account, onDone }: { account: Account | undefined; onDone: () => void }) {
  const [name, setName] = useState(account?.name ?? '');
  const [password, setPassword] = useState('');
  const [rights, setRights] = useState<Rights>(account ?? noRights);
  const request = useRequest();
  const { role, devices, safety } = rights;
  const title = account === undefined ? texts.operators.newAccount : texts.common.changeName(account.name);
  const save = (): void => {
    const body = { role, devices, safety, ...(password === '' ? {} : { password }) };
    void request.run(
      () => ask('PUT /api/v1/operators/accounts/{name}', { params: { name: name.trim() }, body }),
      () => {
        say('done', texts.operators.accountIsSaved(name));
        setName('');
        setPassword('');
        onDone();
      },
    );
  };
  return (
    <Panel title={title}>
      <RequestForm
        label={title}
        action={account === undefined ? texts.operators.makeTheAccount : texts.operators.save}
        request={request}
        onSubmit={save}
        beside={
          account !== undefined && (
            <button type="button" class="button" onClick={onDone}>
              {texts.operators.back}
            </button>
          )
        }
      >
        {account === undefined && (
          <TextField
            label={texts.common.name}
            name="/name"
            hint={texts.operators.lettersDigitsAndNoSpaces}
            required
            maxLength={64}
            value={name}
            onValue={setName}
          />
        )}
        <TextField
          label={account === undefined ? texts.common.password : texts.operators.newPasswordOptional}
          name="/password"
          type="password"
          hint={texts.operators.leastPassword}
          required={account === undefined}
          value={password}
          onValue={setPassword}
        />
        <RightsFields rights={rights} set={(change) => setRights((now) => ({ ...now, ...change }))} />
        {account !== undefined && <p class="quiet">{texts.operators.itsSessionsEnd}</p>}
      </RequestForm>
    </Panel>
  );
}
