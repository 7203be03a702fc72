import { ask } from '../api.ts';
import { Loaded } from '../components/states.tsx';
import { PasswordPanel } from '../own-account/password-panel.tsx';
import { SecondFactorPanel } from '../own-account/second-factor-panel.tsx';
import { operator } from '../session.ts';
import { useLoad } from '../use-load.ts';

/** How whoever is signed in signs in. */
export function AccountPage() {
  const load = useLoad((signal) => ask('GET /api/v1/me', { signal }), []);
  const { actor, role, devices } = operator();
  return (
    <>
      <header class="page-head">
        <h1>Your account</h1>
        <p class="quiet">
          {actor.replace(/^(operator|token):/, '')} · {role} ·{' '}
          {devices === '*' ? 'all devices' : <code>{devices}</code>}
        </p>
      </header>
      <Loaded load={load} what="your account">
        {({ account }) =>
          account === undefined ? (
            <p>This browser is signed in with a token, which has neither a password nor codes.</p>
          ) : account.password ? (
            <div class="columns">
              <SecondFactorPanel account={account} reload={load.reload} />
              <PasswordPanel />
            </div>
          ) : (
            <p>You sign in with the identity provider: your password and its codes are there.</p>
          )
        }
      </Loaded>
    </>
  );
}
