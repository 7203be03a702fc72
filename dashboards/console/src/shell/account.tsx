import { messageOf } from '../api.ts';
import { say } from '../components/status-region.tsx';
import { operator, signOut } from '../session.ts';

/** Who is signed in, their role, and the sign-out button. */
export function Account() {
  const { actor, role } = operator();
  const name = actor.replace(/^(operator|token):/, '');
  return (
    <div class="account">
      <span class="account-name" title={`${actor}, ${role}`}>
        {name} <span class="quiet">{role}</span>
      </span>
      <button
        type="button"
        class="button small"
        onClick={() => {
          signOut().catch((error: unknown) => say('fault', `Could not sign out: ${messageOf(error)}`));
        }}
      >
        Sign out
      </button>
    </div>
  );
}
