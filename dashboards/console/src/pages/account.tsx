import { ask } from '../api.ts';
import { Loaded } from '../components/states.tsx';
import { PasswordPanel } from '../own-account/password-panel.tsx';
import { SecondFactorPanel } from '../own-account/second-factor-panel.tsx';
import { mayAs, operator } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** How whoever is signed in signs in. */
export function AccountPage() {
  const load = useLoad((signal) => ask('GET /api/v1/me', { signal }), []);
  const { actor, role, devices } = operator();
  return (
    <>
      <header class="page-head">
        <h1>{texts.ownAccount.yourAccount}</h1>
        <p class="quiet">
          {actor.replace(/^(operator|token):/, '')} · {role} ·{' '}
          {devices === '*' ? texts.ownAccount.allDevices : <code>{devices}</code>}
          {mayAs('admin') && (
            <>
              {' '}
              · <a href="/hub?view=accounts">{texts.ownAccount.allAccounts}</a>
            </>
          )}
        </p>
      </header>
      <Loaded load={load} what={texts.ownAccount.yourAccountInText}>
        {({ account }) =>
          account === undefined ? (
            <p>{texts.ownAccount.thisBrowserIsSigned}</p>
          ) : account.password ? (
            <div class="columns">
              <SecondFactorPanel account={account} reload={load.reload} />
              <PasswordPanel />
            </div>
          ) : (
            <p>{texts.ownAccount.youSign}</p>
          )
        }
      </Loaded>
    </>
  );
}
