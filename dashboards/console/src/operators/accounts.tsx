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
import { texts } from '../texts/texts.ts';
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
        <Loaded load={load} what={texts.operators.theAccounts}>
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
    <Panel title={texts.operators.accounts} aside={<Export name="accounts" rows={() => accounts} />}>
      <Table
        label={texts.operators.accounts}
        heads={[
          texts.common.name,
          texts.operators.role,
          texts.common.devices,
          texts.operators.commandsUpTo,
          texts.operators.signIn,
          texts.common.made,
          texts.common.change,
        ]}
        stacking
      >
        {accounts.map((account) => {
          const { name, createdMs, twoFactor, provider } = account;
          return (
            <tr key={name}>
              <td data-head={texts.common.name}>
                {name}{' '}
                {operator().actor === `operator:${name}` && <span class="quiet">{texts.operators.you}</span>}
              </td>
              <RightsCells rights={account} />
              <td data-head={texts.operators.signIn}>
                {provider !== undefined ? (
                  <span title={provider}>{texts.operators.identityProvider}</span>
                ) : twoFactor ? (
                  texts.operators.twoFactor
                ) : (
                  texts.operators.password
                )}
              </td>
              <td data-head={texts.common.made}>
                <Time ms={createdMs} />
              </td>
              <td data-head={texts.common.change}>
                <div class="actions">
                  <button
                    type="button"
                    class="button small"
                    aria-label={texts.operators.changeName(name)}
                    onClick={() => onChange(account)}
                  >
                    {texts.common.changeEllipsis}
                  </button>
                  {twoFactor && (
                    <button
                      type="button"
                      class="button small"
                      aria-label={texts.operators.askForNoCodeAny(name)}
                      title={texts.operators.forSomebodyWhoLost}
                      onClick={() => {
                        const route = 'DELETE /api/v1/operators/accounts/{name}/second-factor';
                        const reset = ask(route, { params: { name } });
                        void settle(reset, texts.operators.signsInWithThePassword(name), reload);
                      }}
                    >
                      {texts.operators.resetCodes}
                    </button>
                  )}
                  <button
                    type="button"
                    class="button small danger"
                    aria-label={texts.operators.removeName(name)}
                    onClick={() => setRemoving(name)}
                  >
                    {texts.common.removeEllipsis}
                  </button>
                </div>
              </td>
            </tr>
          );
        })}
      </Table>
      {removing !== undefined && (
        <Dialog title={texts.operators.removeAnAccount} onClose={() => setRemoving(undefined)}>
          <TypedConfirm
            title={texts.operators.removeTheAccount(removing)}
            typed={removing}
            action={texts.common.remove}
            onConfirm={() => {
              setRemoving(undefined);
              const remove = ask('DELETE /api/v1/operators/accounts/{name}', { params: { name: removing } });
              void settle(remove, texts.operators.accountWasRemoved(removing), reload);
            }}
            onBack={() => setRemoving(undefined)}
          >
            <p>{texts.operators.itsSessionsEndWhat}</p>
          </TypedConfirm>
        </Dialog>
      )}
    </Panel>
  );
}

function TokenTable({ tokens, reload }: { tokens: readonly Token[]; reload: () => void }) {
  return (
    <Panel title={texts.operators.apiTokens} aside={<Export name="tokens" rows={() => tokens} />}>
      {tokens.length === 0 ? (
        <Empty title={texts.operators.noApiTokens}>
          <p>{texts.operators.programsAndWallScreensSign}</p>
        </Empty>
      ) : (
        <Table
          label={texts.operators.apiTokens}
          heads={[
            texts.common.name,
            texts.operators.role,
            texts.common.devices,
            texts.operators.commandsUpTo,
            texts.operators.until,
            texts.operators.revoke,
          ]}
          stacking
        >
          {tokens.map((token) => {
            const { name, notAfterMs } = token;
            return (
              <tr key={name}>
                <td data-head={texts.common.name}>{name}</td>
                <RightsCells rights={token} />
                <td data-head={texts.operators.until}>
                  <Time ms={notAfterMs} none={texts.operators.revoked} />
                </td>
                <td data-head={texts.operators.revoke}>
                  <button
                    type="button"
                    class="button small"
                    aria-label={texts.operators.revokeName(name)}
                    onClick={() => {
                      const revoke = ask('DELETE /api/v1/operators/tokens/{name}', { params: { name } });
                      void settle(revoke, texts.operators.tokenWasRevoked(name), reload);
                    }}
                  >
                    {texts.operators.revoke}
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
      <td data-head={texts.operators.role}>{role}</td>
      <td data-head={texts.common.devices}>
        {devices === '*' ? texts.operators.all : <code>{devices}</code>}
      </td>
      <td data-head={texts.operators.commandsUpTo}>
        {role === 'viewer' ? <span class="quiet">{texts.operators.none}</span> : safety}
      </td>
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
