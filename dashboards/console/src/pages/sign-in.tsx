import { useRef, useState } from 'preact/hooks';
import type { FieldError } from '../../../../schemas/api/refusal.ts';
import { ApiError, ask, messageOf } from '../api.ts';
import { BrandMark } from '../components/brand-mark.tsx';
import { Field } from '../components/field.tsx';
import { makeFirstAdmin, signIn } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** A link with the code in its fragment, which browsers send to nobody: `/#code=…`. */
function codeOfAddress(): string {
  return new URLSearchParams(location.hash.slice(1)).get('code') ?? '';
}

/** The person goes on typing where the form goes on. */
function focused(input: HTMLInputElement | null): void {
  input?.focus();
}

/** Why the identity provider did not sign somebody in: the hub leads back to `/#sign-in-failed=…`. */
const providerFailures: Readonly<Record<string, string>> = {
  'provider-failed': texts.signIn.identityProviderDidNotSign,
  'too-late': texts.signIn.thatTookTooLongTry,
  'no-name': texts.signIn.identityProviderGivesNoName,
  'no-role': texts.signIn.youHaveNoRoleHere,
  'name-taken': texts.signIn.thereIsAnAccount,
  'too-many-accounts': texts.signIn.thereIsNoRoom,
};

function providerFailure(): string {
  const reason = new URLSearchParams(location.hash.slice(1)).get('sign-in-failed') ?? '';
  return Object.hasOwn(providerFailures, reason) ? (providerFailures[reason] ?? '') : '';
}

const nameRule = texts.signIn.nameRule;

function faultAt(errors: readonly FieldError[], name: string): string | undefined {
  const fault = errors.find(({ path }) => path === `/${name}`);
  if (fault === undefined) return undefined;
  return fault.keyword === 'pattern' ? nameRule : texts.signIn.mustBe(fault.expected ?? texts.signIn.valid);
}

/** @param why what the operator should know first, for example that the session ended; may be empty */
export function SignIn({ why }: { why: string }) {
  const [first, setFirst] = useState(codeOfAddress() !== '');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const [codeNeeded, setCodeNeeded] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const errors = fault instanceof ApiError ? fault.errors : [];

  async function submit(): Promise<void> {
    const given = new FormData(form.current ?? undefined);
    const text = (name: string): string => {
      const value = given.get(name);
      return typeof value === 'string' ? value : '';
    };
    setBusy(true);
    setFault(undefined);
    try {
      if (first) await makeFirstAdmin(text('code').trim(), text('name').trim(), text('password'));
      else await signIn(text('name').trim(), text('password'), codeNeeded ? text('factor') : undefined);
      if (location.hash !== '') history.replaceState(history.state, '', location.pathname + location.search);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'code-needed') setCodeNeeded(true);
      else setFault(error);
      setBusy(false);
    }
  }

  return (
    <main class="sign-in" aria-label={texts.signIn.signIn}>
      <form
        ref={form}
        class="card sign-in-card"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p class="brand">
          <BrandMark />
          {texts.signIn.deviceHub}
        </p>
        <h1>{first ? texts.signIn.createTheFirstAdminAccount : texts.signIn.signIn}</h1>
        {why !== '' && fault === undefined && <p class="note">{why}</p>}
        {fault === undefined && providerFailure() !== '' && <p class="note">{providerFailure()}</p>}
        {first && (
          <Field
            label={texts.signIn.oneTimeCode}
            hint={texts.signIn.hubPrinted}
            fault={faultAt(errors, 'code')}
          >
            {(control) => (
              <input {...control} name="code" defaultValue={codeOfAddress()} autocomplete="off" required />
            )}
          </Field>
        )}
        <Field label={texts.common.name} hint={first ? nameRule : undefined} fault={faultAt(errors, 'name')}>
          {(control) => (
            <input {...control} name="name" autocomplete="username" autocapitalize="none" required />
          )}
        </Field>
        <Field
          label={texts.common.password}
          hint={first ? texts.signIn.atLeast12Characters : undefined}
          fault={faultAt(errors, 'password')}
        >
          {(control) => (
            <input
              {...control}
              name="password"
              type="password"
              autocomplete={first ? 'new-password' : 'current-password'}
              required
            />
          )}
        </Field>
        {codeNeeded && !first && <AppCode fault={faultAt(errors, 'code')} />}
        <div role="alert">
          {fault !== undefined && errors.length === 0 && <p class="fault">{messageOf(fault)}</p>}
        </div>
        <button type="submit" class="button primary" disabled={busy}>
          {first ? texts.signIn.createAccount : texts.signIn.signIn}
        </button>
        {!first && <ProviderLink />}
        <button
          type="button"
          class="link-button"
          onClick={() => {
            setFirst(!first);
            setFault(undefined);
          }}
        >
          {first ? texts.signIn.iAlreadyHaveAnAccount : texts.signIn.firstTimeHereUse}
        </button>
      </form>
    </main>
  );
}

/** Asked for once the password was right. */
function AppCode({ fault }: { fault: string | undefined }) {
  return (
    <Field
      label={texts.signIn.codeOfYourAuthenticatorApp}
      hint={texts.signIn.withoutYourPhoneARecovery}
      fault={fault}
    >
      {(control) => (
        <input
          {...control}
          ref={focused}
          name="factor"
          autocomplete="one-time-code"
          inputMode="numeric"
          required
        />
      )}
    </Field>
  );
}

/** The way to the identity provider, where there is one. */
function ProviderLink() {
  const { state } = useLoad((signal) => ask('GET /api/v1/sign-in-ways', { signal }), []);
  if (state.kind !== 'loaded' || state.value.provider === undefined) return null;
  return (
    <a class="button" href="/sign-in/oidc">
      {texts.signIn.signInWith(new URL(state.value.provider).host)}
    </a>
  );
}
