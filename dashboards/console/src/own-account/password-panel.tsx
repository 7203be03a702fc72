import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { changeSession } from '../session.ts';
import { texts } from '../texts/texts.ts';

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
        say('done', texts.ownAccount.yourPasswordIsChanged);
      },
    );
  };
  return (
    <Panel title={texts.common.password}>
      <RequestForm
        label={texts.ownAccount.changeYourPassword}
        action={texts.ownAccount.changePassword}
        request={request}
        onSubmit={change}
        ready={!differs}
      >
        <TextField
          label={texts.ownAccount.presentPassword}
          name="/password"
          type="password"
          held
          required
          value={password}
          onValue={setPassword}
        />
        <TextField
          label={texts.ownAccount.newPassword}
          name="/newPassword"
          type="password"
          hint={texts.ownAccount.leastPassword}
          required
          value={newPassword}
          onValue={setNewPassword}
        />
        <TextField
          label={texts.ownAccount.newPasswordAgain}
          type="password"
          fault={differs ? texts.ownAccount.itDiffersFromTheNew : undefined}
          required
          value={again}
          onValue={setAgain}
        />
        <p class="quiet">{texts.ownAccount.yourOtherSessionsEnd}</p>
      </RequestForm>
    </Panel>
  );
}
