import { useState } from 'preact/hooks';
import type { OwnAccountView } from '../../../../schemas/api/session.ts';
import { ask } from '../api.ts';
import { CopyButton, CopyText } from '../components/copy-text.tsx';
import { Panel } from '../components/panel.tsx';
import { QrCode } from '../components/qr-code.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { changeSession } from '../session.ts';
import { texts } from '../texts/texts.ts';

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
    <Panel
      title={texts.ownAccount.twoFactorSignIn}
      aside={<span class="quiet">{account.twoFactor ? texts.ownAccount.on : texts.ownAccount.off}</span>}
    >
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
    <RequestForm
      label={texts.ownAccount.setUpTwoFactorSign}
      action={texts.ownAccount.setUp}
      request={request}
      onSubmit={() =>
        void request.run(() => ask('POST /api/v1/me/second-factor', { body: { password } }), onBegun)
      }
    >
      <p>{texts.ownAccount.withItYouSign}</p>
      <PresentPassword value={password} onValue={setPassword} />
    </RequestForm>
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
    <RequestForm
      label={texts.ownAccount.confirmTheAuthenticatorApp}
      action={texts.ownAccount.confirm}
      request={request}
      onSubmit={() => void request.run(confirm, onDone)}
    >
      <p>{texts.ownAccount.scanThisWithTheApp}</p>
      <QrCode text={begun.address} label={texts.ownAccount.secretForTheAuthenticatorApp} />
      <CopyText text={begun.secret} label={texts.ownAccount.theSecret} />
      <CodeField value={code} onValue={setCode} hint={texts.ownAccount.sixDigitsThatTheApp} />
    </RequestForm>
  );
}

function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <div class="command-form">
      <p class="note">{texts.ownAccount.keepTheseCodes}</p>
      <ul class="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div class="actions">
        <CopyButton text={codes.join('\n')} label={texts.ownAccount.theRecoveryCodes} />
        <button type="button" class="button primary" onClick={onDone}>
          {texts.ownAccount.iHaveKeptThem}
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
    <RequestForm
      label={texts.ownAccount.removeTwoFactorSignIn}
      action={texts.common.remove}
      request={request}
      onSubmit={() =>
        void request.run(
          () =>
            changeSession(() => ask('POST /api/v1/me/second-factor/remove', { body: { password, code } })),
          reload,
        )
      }
    >
      <p>{texts.ownAccount.codeIsAsked(texts.counts.recoveryCodes(recoveryCodes))}</p>
      <PresentPassword value={password} onValue={setPassword} />
      <CodeField value={code} onValue={setCode} hint={texts.ownAccount.ofTheApp} />
    </RequestForm>
  );
}

interface TypedProps {
  value: string;
  onValue: (value: string) => void;
}

function PresentPassword(typed: TypedProps) {
  return (
    <TextField
      label={texts.ownAccount.presentPassword}
      name="/password"
      type="password"
      held
      required
      {...typed}
    />
  );
}

function CodeField({ hint, ...typed }: TypedProps & { hint: string }) {
  return (
    <TextField label={texts.ownAccount.code} name="/code" hint={hint} maxLength={32} required {...typed} />
  );
}
