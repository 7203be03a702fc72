import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { OwnAccountView } from '../../../../schemas/api/session.ts';
import { ask } from '../api.ts';
import { CopyButton, CopyText } from '../components/copy-text.tsx';
import { Panel } from '../components/panel.tsx';
import { QrCode } from '../components/qr-code.tsx';
import { TextField } from '../components/text-field.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest, type Request } from '../forms/use-request.ts';
import { countOf } from '../number-words.ts';
import { changeSession } from '../session.ts';

/** What an authenticator app is to take up. */
interface Begun {
  readonly secret: string;
  readonly address: string;
}

interface SecondFactorProps {
  account: OwnAccountView;
  reload: () => void;
}

/** Codes of an authenticator app besides the password: set up, and removed. */
export function SecondFactorPanel({ account, reload }: SecondFactorProps) {
  const [begun, setBegun] = useState<Begun>();
  const [recovery, setRecovery] = useState<readonly string[]>();
  return (
    <Panel title="Two-factor sign-in" aside={<span class="quiet">{account.twoFactor ? 'on' : 'off'}</span>}>
      {recovery !== undefined ? (
        <RecoveryCodes
          codes={recovery}
          onDone={() => {
            setRecovery(undefined);
            reload();
          }}
        />
      ) : begun !== undefined ? (
        <Confirm
          begun={begun}
          onDone={(codes) => {
            setBegun(undefined);
            setRecovery(codes);
          }}
        />
      ) : account.twoFactor ? (
        <Remove recoveryCodes={account.recoveryCodes} reload={reload} />
      ) : (
        <Begin onBegun={setBegun} />
      )}
    </Panel>
  );
}

function Begin({ onBegun }: { onBegun: (begun: Begun) => void }) {
  const [password, setPassword] = useState('');
  const request = useRequest();
  return (
    <StepForm
      label="Set up two-factor sign-in"
      action="Set up"
      request={request}
      onSubmit={() =>
        void request.run(() => ask('POST /api/v1/me/second-factor', { body: { password } }), onBegun)
      }
    >
      <p>
        With it you sign in with your password and a code that an authenticator app on your phone shows. A
        password that somebody learned is then not enough.
      </p>
      <PresentPassword value={password} onValue={setPassword} />
    </StepForm>
  );
}

function Confirm({ begun, onDone }: { begun: Begun; onDone: (recoveryCodes: readonly string[]) => void }) {
  const [code, setCode] = useState('');
  const request = useRequest();
  const confirm = async (): Promise<readonly string[]> => {
    let codes: readonly string[] = [];
    await changeSession(async () => {
      const { session, recoveryCodes } = await ask('PUT /api/v1/me/second-factor', { body: { code } });
      codes = recoveryCodes;
      return session;
    });
    return codes;
  };
  return (
    <StepForm
      label="Confirm the authenticator app"
      action="Confirm"
      request={request}
      onSubmit={() => void request.run(confirm, onDone)}
    >
      <p>Scan this with the app, or type the secret into it:</p>
      <QrCode text={begun.address} label="The secret for the authenticator app" />
      <CopyText text={begun.secret} label="the secret" />
      <CodeField value={code} onValue={setCode} hint="The six digits that the app shows now" />
    </StepForm>
  );
}

function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <div class="command-form">
      <p class="note">
        Keep these codes where your phone is not: each signs in once in place of a code. They are shown this
        once.
      </p>
      <ul class="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div class="actions">
        <CopyButton text={codes.join('\n')} label="the recovery codes" />
        <button type="button" class="button primary" onClick={onDone}>
          I have kept them
        </button>
      </div>
    </div>
  );
}

function Remove({ recoveryCodes, reload }: { recoveryCodes: number; reload: () => void }) {
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const request = useRequest();
  return (
    <StepForm
      label="Remove two-factor sign-in"
      action="Remove"
      request={request}
      onSubmit={() =>
        void request.run(
          () =>
            changeSession(() => ask('POST /api/v1/me/second-factor/remove', { body: { password, code } })),
          reload,
        )
      }
    >
      <p>
        A code is asked for when you sign in. {countOf(recoveryCodes, 'recovery code')} left. To have new
        ones, remove it and set it up again.
      </p>
      <PresentPassword value={password} onValue={setPassword} />
      <CodeField value={code} onValue={setCode} hint="Of the app, or a recovery code" />
    </StepForm>
  );
}

interface StepFormProps {
  label: string;
  action: string;
  request: Request;
  onSubmit: () => void;
  children: ComponentChildren;
}

function StepForm({ label, action, request, onSubmit, children }: StepFormProps) {
  return (
    <form
      class="command-form"
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <Refusal error={request.error} />
      {children}
      <div class="actions">
        <button type="submit" class="button primary" disabled={request.busy}>
          {action}
        </button>
      </div>
    </form>
  );
}

interface TypedProps {
  value: string;
  onValue: (value: string) => void;
}

function PresentPassword(typed: TypedProps) {
  return <TextField label="Present password" name="/password" type="password" held required {...typed} />;
}

function CodeField({ hint, ...typed }: TypedProps & { hint: string }) {
  return <TextField label="Code" name="/code" hint={hint} maxLength={32} required {...typed} />;
}
