import { Type, type Static } from 'typebox';
import { operatorNamePattern } from '../limits.ts';
import { resource } from './operation.ts';
import { Operator } from './operators.ts';
import { closed, named, nothing } from './values.ts';

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

const Me = named('Me', Type.Object({ ...Operator.properties, csrf: Type.Optional(csrf) }), anna);
/** Who asks; `csrf` where a session proves it. */
export type Me = Static<typeof Me>;

const signsIn = { needs: 'nobody', answers: { 200: Session }, secret: true } as const;
const refusals = ['login-failed', 'too-many-attempts', 'forbidden'] as const;

export const sessionApi = resource('session', {
  login: {
    method: 'POST',
    path: '/api/v1/login',
    summary: 'Sign in with name and password; the answer sets the cookie of the session',
    body: named('Credentials', closed(credentials), who),
    ...signsIn,
    refusals,
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
  me: {
    method: 'GET',
    path: '/api/v1/me',
    summary: 'Who asks, and what they may do',
    answers: { 200: Me },
  },
});
