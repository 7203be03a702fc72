import { messageOf } from '../api.ts';
import { say } from '../components/status-region.tsx';
import { operator, signOut } from '../session.ts';
import { texts } from '../texts/texts.ts';

/** Who is signed in, their role, and the sign-out button. */
export function Account() {
  const { actor, role } = operator();
  const name = actor.replace(/^(operator|token):/, '');
  return (
    <div class="account">
      <a class="account-name" href="/account" title={texts.shell.yourAccountActorRole(actor, role)}>
        {name} <span class="quiet">{role}</span>
      </a>
      <button
        type="button"
        class="button small"
        onClick={() => {
          signOut().catch((error: unknown) => say('fault', texts.shell.couldNotSignOut(messageOf(error))));
        }}
      >
        {texts.shell.signOut}
      </button>
    </div>
  );
}
