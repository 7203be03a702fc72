import { Type, type Static } from 'typebox';
import { operatorNamePattern } from '../limits.ts';
import { resource } from './operation.ts';
import { Operator } from './operators.ts';
import { closed, count, list, named, nothing } from './values.ts';

const who = { name: 'anna', password: 'correct horse battery' };

const credentials = {
  name: Type.String({ pattern: operatorNamePattern.source, description: 'of the account' }),
  password: Type.String({ minLength: 1, maxLength: 1_024 }),
};

const csrf = Type.String({ description: 'to be sent as X-CSRF-Token with every change of this session' });
const anna = { actor: 'operator:anna', role: 'operator', devices: '*', safety: 'actuate' } as const;

const Session = named('Session', Type.Object({ ...Operator.properties, csrf }), {
  ...anna,
  csrf: 'M2YxODk0ZDItNzVj',
});
/** Who has signed in. The session itself is in a cookie that scripts cannot read. */
export type Session = Static<typeof Session>;

const OwnAccountView = named(
  'OwnAccount',
  Type.Object({
    password: Type.Boolean({ description: 'whether it has one of this hub' }),
    twoFactor: Type.Boolean({ description: 'a code of an authenticator app is asked for too' }),
    recoveryCodes: count('that were not used yet'),
  }),
  { password: true, twoFactor: true, recoveryCodes: 10 },
);
/** How a person signs in. */
export type OwnAccountView = Static<typeof OwnAccountView>;

const Me = named(
  'Me',
  Type.Object({
    ...Operator.properties,
    csrf: Type.Optional(csrf),
    account: Type.Optional(OwnAccountView),
  }),
  anna,
);
/** The caller; `csrf` when a session authenticates it. */
export type Me = Static<typeof Me>;

const signsIn = { needs: 'nobody', answers: { 200: Session }, secret: true } as const;
const refusals = ['login-failed', 'too-many-attempts', 'forbidden'] as const;

const present = Type.String({ minLength: 1, maxLength: 1_024, description: 'the present password' });
const code = Type.String({
  minLength: 1,
  maxLength: 32,
  description: 'six digits of the authenticator app, or a recovery code',
});
/** A change of one's own account ends its other sessions, and gives this one a new id. */
const changesAccount = { needs: 'viewer', secret: true } as const;
const ownRefusals = ['too-many-attempts', 'database-failed'] as const;

export const sessionApi = resource('session', {
  login: {
    method: 'POST',
    path: '/api/v1/login',
    summary: 'Sign in with name and password; the answer sets the cookie of the session',
    body: named('Credentials', closed({ ...credentials, code: Type.Optional(code) }), who),
    ...signsIn,
    refusals: [...refusals, 'code-needed', 'database-failed'],
  },
  firstLogin: {
    method: 'POST',
    path: '/api/v1/first-login',
    summary: 'Create the first admin account with the code that the hub printed, and sign in',
    body: named(
      'FirstLogin',
      closed({ ...credentials, code: Type.String({ minLength: 1, maxLength: 128 }) }),
      { ...who, code: 'kQ3v-9dTz-Xw7c' },
    ),
    ...signsIn,
    refusals: [...refusals, 'database-failed'],
  },
  screenLogin: {
    method: 'POST',
    path: '/api/v1/screen-login',
    summary:
      'Sign in a screen that only shows the console, with the token of a viewer; ends with the token, or after 90 days without use',
    body: named(
      'ScreenLogin',
      closed({ token: Type.String({ minLength: 1, maxLength: 128, description: 'of a viewer' }) }),
      { token: 'hubt_mB9yq0TzGk2n4VwXcR7sJpLhEa1dFuQi' },
    ),
    ...signsIn,
    refusals,
  },
  logout: {
    method: 'POST',
    path: '/api/v1/logout',
    summary: 'End the session',
    needs: 'viewer',
    answers: { 204: nothing },
    refusals: ['database-failed'],
  },
  listSignInWays: {
    method: 'GET',
    path: '/api/v1/sign-in-ways',
    summary: 'How people may sign in to the console',
    needs: 'nobody',
    answers: {
      200: named(
        'SignInWays',
        Type.Object({
          provider: Type.Optional(
            Type.String({ description: 'the identity provider; /sign-in/oidc leads to it' }),
          ),
        }),
        { provider: 'https://id.example.org' },
      ),
    },
  },
  changePassword: {
    method: 'PUT',
    path: '/api/v1/me/password',
    summary: 'Change the own password; the other sessions of the account end',
    body: named(
      'PasswordChange',
      closed({
        password: present,
        newPassword: Type.String({ maxLength: 1_024, description: '12 characters or more' }),
      }),
      { password: 'correct horse battery', newPassword: 'correct horse battery staple' },
    ),
    ...changesAccount,
    answers: { 200: Session },
    refusals: ownRefusals,
  },
  beginSecondFactor: {
    method: 'POST',
    path: '/api/v1/me/second-factor',
    summary: 'A secret for an authenticator app; codes are required once its first code has been confirmed',
    body: named('OwnPassword', closed({ password: present }), { password: 'correct horse battery' }),
    ...changesAccount,
    answers: {
      200: named(
        'SharedSecret',
        Type.Object({
          secret: Type.String({ description: 'base32, to be typed into the app' }),
          address: Type.String({ description: 'otpauth: address, for a QR code' }),
        }),
        {
          secret: 'JBSWY3DPEHPK3PXP',
          address: 'otpauth://totp/Device%20hub:anna?issuer=Device%20hub&secret=JBSWY3DPEHPK3PXP',
        },
      ),
    },
    refusals: ownRefusals,
  },
  confirmSecondFactor: {
    method: 'PUT',
    path: '/api/v1/me/second-factor',
    summary: 'Require codes of the authenticator app from now on; the other sessions of the account end',
    body: named('FirstCode', closed({ code }), { code: '492039' }),
    ...changesAccount,
    answers: {
      200: named(
        'SecondFactorSetUp',
        Type.Object({
          session: Session,
          recoveryCodes: list(Type.String(), { description: 'each signs in once in place of a code' }),
        }),
        { session: { ...anna, csrf: 'M2YxODk0ZDItNzVj' }, recoveryCodes: ['QK7WM-2FZ5A'] },
      ),
    },
    refusals: ownRefusals,
  },
  removeSecondFactor: {
    method: 'POST',
    path: '/api/v1/me/second-factor/remove',
    summary: 'Require no codes any more; the other sessions of the account end',
    body: named('SecondFactorRemoval', closed({ password: present, code }), {
      password: 'correct horse battery',
      code: '492039',
    }),
    ...changesAccount,
    answers: { 200: Session },
    refusals: ownRefusals,
  },
  me: {
    method: 'GET',
    path: '/api/v1/me',
    summary: 'Who asks, and what they may do',
    answers: { 200: Me },
  },
});
