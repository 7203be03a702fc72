import { useState } from 'preact/hooks';
import type { Account, Rights, Token } from '../../../../schemas/api/operators.ts';
import { ask, messageOf } from '../api.ts';
import { Dialog } from '../components/dialog.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { TypedConfirm } from '../components/typed-confirm.tsx';
import { operator } from '../session.ts';
import { useLoad } from '../use-load.ts';
import { AccountForm } from './account-form.tsx';
import { NewToken } from './new-token.tsx';
import { Sessions } from './sessions.tsx';

/** Who may sign in, as a person or as a program, and who is signed in now. */
export function Accounts() {
  const load = useLoad((signal) => ask('GET /api/v1/operators', { signal }), []);
  const [changing, setChanging] = useState<Account>();
  return (
    <div class="columns">
      <div class="column">
        <Loaded load={load} what="the accounts">
          {({ accounts, tokens }) => (
            <>
              <AccountTable accounts={accounts} onChange={setChanging} reload={load.reload} />
              <TokenTable tokens={tokens} reload={load.reload} />
            </>
          )}
        </Loaded>
        <Sessions />
      </div>
      <div class="column">
        <AccountForm
          key={changing?.name ?? ''}
          account={changing}
          onDone={() => {
            setChanging(undefined);
            load.reload();
          }}
        />
        <NewToken onMade={load.reload} />
      </div>
    </div>
  );
}

interface AccountTableProps {
  accounts: readonly Account[];
  onChange: (account: Account) => void;
  reload: () => void;
}

function AccountTable({ accounts, onChange, reload }: AccountTableProps) {
  const [removing, setRemoving] = useState<string>();
  return (
    <Panel title="Accounts" aside={<Export name="accounts" rows={() => accounts} />}>
      <Table
        label="Accounts"
        heads={['Name', 'Role', 'Devices', 'Commands up to', 'Sign-in', 'Made', 'Change']}
        stacking
      >
        {accounts.map((account) => {
          const { name, createdMs, twoFactor, provider } = account;
          return (
            <tr key={name}>
              <td data-head="Name">
                {name} {operator().actor === `operator:${name}` && <span class="quiet">(you)</span>}
              </td>
              <RightsCells rights={account} />
              <td data-head="Sign-in">
                {provider !== undefined ? (
                  <span title={provider}>identity provider</span>
                ) : twoFactor ? (
                  'two-factor'
                ) : (
                  'password'
                )}
              </td>
              <td data-head="Made">
                <Time ms={createdMs} />
              </td>
              <td data-head="Change">
                <div class="actions">
                  <button
                    type="button"
                    class="button small"
                    aria-label={`Change ${name}…`}
                    onClick={() => onChange(account)}
                  >
                    Change…
                  </button>
                  {twoFactor && (
                    <button
                      type="button"
                      class="button small"
                      aria-label={`Ask ${name} for no code any more`}
                      title="For somebody who lost the authenticator app; the sessions of the account end"
                      onClick={() => {
                        const route = 'DELETE /api/v1/operators/accounts/{name}/second-factor';
                        const reset = ask(route, { params: { name } });
                        void settle(reset, `${name} signs in with the password alone`, reload);
                      }}
                    >
                      Reset codes
                    </button>
                  )}
                  <button
                    type="button"
                    class="button small danger"
                    aria-label={`Remove ${name}…`}
                    onClick={() => setRemoving(name)}
                  >
                    Remove…
                  </button>
                </div>
              </td>
            </tr>
          );
        })}
      </Table>
      {removing !== undefined && (
        <Dialog title="Remove an account" onClose={() => setRemoving(undefined)}>
          <TypedConfirm
            title={`Remove the account ${removing}?`}
            typed={removing}
            action="Remove"
            onConfirm={() => {
              setRemoving(undefined);
              const remove = ask('DELETE /api/v1/operators/accounts/{name}', { params: { name: removing } });
              void settle(remove, `The account ${removing} was removed`, reload);
            }}
            onBack={() => setRemoving(undefined)}
          >
            <p>Its sessions end. What it did stays in the audit.</p>
          </TypedConfirm>
        </Dialog>
      )}
    </Panel>
  );
}

function TokenTable({ tokens, reload }: { tokens: readonly Token[]; reload: () => void }) {
  return (
    <Panel title="API tokens" aside={<Export name="tokens" rows={() => tokens} />}>
      {tokens.length === 0 ? (
        <Empty title="No API tokens">
          <p>Programs and wall screens sign in with a token.</p>
        </Empty>
      ) : (
        <Table
          label="API tokens"
          heads={['Name', 'Role', 'Devices', 'Commands up to', 'Until', 'Revoke']}
          stacking
        >
          {tokens.map((token) => {
            const { name, notAfterMs } = token;
            return (
              <tr key={name}>
                <td data-head="Name">{name}</td>
                <RightsCells rights={token} />
                <td data-head="Until">
                  <Time ms={notAfterMs} none="revoked" />
                </td>
                <td data-head="Revoke">
                  <button
                    type="button"
                    class="button small"
                    aria-label={`Revoke ${name}`}
                    onClick={() => {
                      const revoke = ask('DELETE /api/v1/operators/tokens/{name}', { params: { name } });
                      void settle(revoke, `The token ${name} was revoked`, reload);
                    }}
                  >
                    Revoke
                  </button>
                </td>
              </tr>
            );
          })}
        </Table>
      )}
    </Panel>
  );
}

function RightsCells({ rights: { role, devices, safety } }: { rights: Rights }) {
  return (
    <>
      <td data-head="Role">{role}</td>
      <td data-head="Devices">{devices === '*' ? 'all' : <code>{devices}</code>}</td>
      <td data-head="Commands up to">{role === 'viewer' ? <span class="quiet">none</span> : safety}</td>
    </>
  );
}

async function settle(change: Promise<unknown>, done: string, reload: () => void): Promise<void> {
  try {
    await change;
    say('done', done);
    reload();
  } catch (error) {
    say('fault', messageOf(error));
  }
}
