import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { changeSession } from '../session.ts';

/** Changes the own password. */
export function PasswordPanel() {
  const [password, setPassword] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const [again, setAgain] = useState('');
  const request = useRequest();
  const differs = again !== '' && again !== newPassword;
  const change = (): void => {
    const body = { password, newPassword };
    void request.run(
      () => changeSession(() => ask('PUT /api/v1/me/password', { body })),
      () => {
        setPassword('');
        setNewPassword('');
        setAgain('');
        say('done', 'Your password is changed');
      },
    );
  };
  return (
    <Panel title="Password">
      <form
        class="command-form"
        aria-label="Change your password"
        onSubmit={(event) => {
          event.preventDefault();
          if (!differs) change();
        }}
      >
        <Refusal error={request.error} />
        <TextField
          label="Present password"
          name="/password"
          type="password"
          held
          required
          value={password}
          onValue={setPassword}
        />
        <TextField
          label="New password"
          name="/newPassword"
          type="password"
          hint="12 characters or more"
          required
          value={newPassword}
          onValue={setNewPassword}
        />
        <TextField
          label="New password again"
          type="password"
          fault={differs ? 'It differs from the new password.' : undefined}
          required
          value={again}
          onValue={setAgain}
        />
        <p class="quiet">Your other sessions end.</p>
        <div class="actions">
          <button type="submit" class="button primary" disabled={request.busy || differs}>
            Change password
          </button>
        </div>
      </form>
    </Panel>
  );
}
