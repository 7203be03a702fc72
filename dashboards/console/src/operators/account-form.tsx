import { useState } from 'preact/hooks';
import type { Account, Rights } from '../../../../schemas/api/operators.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { noRights, RightsFields } from './rights-fields.tsx';

/** Makes an account, or changes one. @param account the one to be changed */
export function AccountForm({ account, onDone }: { account: Account | undefined; onDone: () => void }) {
  const [name, setName] = useState(account?.name ?? '');
  const [password, setPassword] = useState('');
  const [rights, setRights] = useState<Rights>(account ?? noRights);
  const request = useRequest();
  const { role, devices, safety } = rights;
  const title = account === undefined ? 'New account' : `Change ${account.name}`;
  const save = (): void => {
    const body = { role, devices, safety, ...(password === '' ? {} : { password }) };
    void request.run(
      () => ask('PUT /api/v1/operators/accounts/{name}', { params: { name: name.trim() }, body }),
      () => {
        say('done', `The account ${name} is saved`);
        setName('');
        setPassword('');
        onDone();
      },
    );
  };
  return (
    <Panel title={title}>
      <form
        class="command-form"
        aria-label={title}
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Refusal error={request.error} />
        {account === undefined && (
          <TextField
            label="Name"
            name="/name"
            hint="Letters, digits, and _ . @ - (no spaces), up to 64 characters"
            required
            maxLength={64}
            value={name}
            onValue={setName}
          />
        )}
        <TextField
          label={account === undefined ? 'Password' : 'New password (optional)'}
          name="/password"
          type="password"
          hint="12 characters or more"
          required={account === undefined}
          value={password}
          onValue={setPassword}
        />
        <RightsFields rights={rights} set={(change) => setRights((now) => ({ ...now, ...change }))} />
        {account !== undefined && <p class="quiet">Its sessions end when it is saved.</p>}
        <div class="actions">
          <button type="submit" class="button primary" disabled={request.busy}>
            {account === undefined ? 'Make the account' : 'Save'}
          </button>
          {account !== undefined && (
            <button type="button" class="button" onClick={onDone}>
              Back
            </button>
          )}
        </div>
      </form>
    </Panel>
  );
}
