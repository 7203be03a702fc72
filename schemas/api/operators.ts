import { Type, type Static } from 'typebox';
import { operatorNamePattern } from '../limits.ts';
import { resource } from './operation.ts';
import { devicesPattern, roles, safetyClasses } from './roles.ts';
import { choice, closed, list, named, nothing, timeMs } from './values.ts';

const name = Type.String({ pattern: operatorNamePattern.source, description: 'of the account or token' });

const rights = {
  role: choice(roles, 'viewer reads, operator also sends commands, admin also changes devices and operators'),
  devices: Type.String({
    pattern: devicesPattern,
    description: 'all devices (*), or those that match, such as site=hall-3,type=env-sensor,id=d-*',
  }),
  safety: choice(safetyClasses, 'commands up to this class'),
};
const anna = { role: 'operator', devices: 'site=hall-3', safety: 'actuate' } as const;

const Rights = Type.Object(rights);
/** Rights, the same for a person's account and a program's token. */
export type Rights = Static<typeof Rights>;

export const Operator = named(
  'Operator',
  Type.Object({
    actor: Type.String({ description: 'as in the audit: operator:anna, token:ci, local' }),
    ...rights,
  }),
  { actor: 'operator:anna', ...anna },
);
/** The caller of a request, however authenticated. */
export type Operator = Static<typeof Operator>;

const createdMs = timeMs('when it was created');
const notAfterMs = Type.Integer({
  minimum: 0,
  maximum: 8.64e15,
  description: 'the end of its validity, Unix ms',
});

const Account = named(
  'Account',
  Type.Object({
    name,
    ...rights,
    createdMs,
    twoFactor: Type.Boolean({ description: 'a code of an authenticator app is asked for too' }),
    provider: Type.Optional(
      Type.String({ description: 'the identity provider that decides about its rights' }),
    ),
  }),
  { name: 'anna', ...anna, createdMs: 1_795_867_200_000, twoFactor: false },
);
/** A person's account. */
export type Account = Static<typeof Account>;

const Token = named(
  'Token',
  Type.Object({ name, ...rights, createdMs, notAfterMs: Type.Optional(notAfterMs) }),
  { name: 'ci', role: 'viewer', devices: '*', safety: 'observe', createdMs: 1_795_867_200_000 },
);
/** A program's token, without its secret. */
export type Token = Static<typeof Token>;

const AccountRights = named(
  'AccountRights',
  closed({
    ...rights,
    password: Type.Optional(
      Type.String({
        maxLength: 1_024,
        description: '12 characters or more; for a new account, or to change it',
      }),
    ),
  }),
  { ...anna, password: 'correct horse battery' },
);

const NewToken = named('NewToken', closed({ name, ...rights, notAfterMs: Type.Optional(notAfterMs) }), {
  name: 'ci',
  role: 'viewer',
  devices: '*',
  safety: 'observe',
});

const NewTokenSecret = named(
  'NewTokenSecret',
  Type.Object({ name, token: Type.String({ description: 'sent as Authorization: Bearer …' }) }),
  { name: 'ci', token: 'mB9yq0TzGk2n4VwXcR7sJpLhEa1dFuQi' },
);

const ConsoleSession = named(
  'ConsoleSession',
  Type.Object({
    id: Type.String({ description: 'to end it by' }),
    actor: Type.String({ description: 'whose account or token it is' }),
    kind: choice(
      ['browser', 'screen'],
      'browser: of a person, ends after an hour without use or after 12 hours; screen: signed in with the token of a viewer, ends after 90 days without use',
    ),
    address: Type.String({ description: 'network address from which it signed in' }),
    openedMs: timeMs('when it signed in'),
    usedMs: timeMs('when it was last used'),
  }),
  {
    id: '5f0c2a7be913d846',
    actor: 'token:hall-screen',
    kind: 'screen',
    address: '192.0.2.40',
    openedMs: 1_795_867_200_000,
    usedMs: 1_795_870_800_000,
  },
);
/** A browser that is signed in to the console. */
export type ConsoleSession = Static<typeof ConsoleSession>;

const params = Type.Object({ name });

export const operatorApi = resource('operators', {
  listOperators: {
    method: 'GET',
    path: '/api/v1/operators',
    summary: 'All accounts and tokens',
    needs: 'admin',
    answers: { 200: Type.Object({ accounts: list(Account), tokens: list(Token) }) },
  },
  saveAccount: {
    method: 'PUT',
    path: '/api/v1/operators/accounts/{name}',
    summary: 'Add an account, or change it; its sessions end',
    params,
    body: AccountRights,
    answers: { 204: nothing },
    refusals: ['database-failed'],
  },
  removeAccount: {
    method: 'DELETE',
    path: '/api/v1/operators/accounts/{name}',
    summary: 'Remove an account and end its sessions; the last admin cannot be removed',
    params,
    answers: { 204: nothing },
    refusals: ['operator-unknown', 'database-failed'],
  },
  resetSecondFactor: {
    method: 'DELETE',
    path: '/api/v1/operators/accounts/{name}/second-factor',
    summary:
      'Require no codes any more of an account whose owner lost the authenticator app; its sessions end',
    params,
    answers: { 204: nothing },
    refusals: ['operator-unknown', 'database-failed'],
  },
  listSessions: {
    method: 'GET',
    path: '/api/v1/operators/sessions',
    summary: 'Who is signed in to the console, newest first',
    needs: 'admin',
    answers: { 200: Type.Object({ sessions: list(ConsoleSession) }) },
  },
  endSession: {
    method: 'DELETE',
    path: '/api/v1/operators/sessions/{id}',
    summary: 'Sign out one browser or screen',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64, description: 'of the session' }) }),
    answers: { 204: nothing },
    refusals: ['session-unknown', 'database-failed'],
  },
  createToken: {
    method: 'POST',
    path: '/api/v1/operators/tokens',
    summary: 'A token for a program',
    body: NewToken,
    answers: { 201: NewTokenSecret },
    refusals: ['database-failed'],
    secret: true,
  },
  revokeToken: {
    method: 'DELETE',
    path: '/api/v1/operators/tokens/{name}',
    summary: 'Revoke a token',
    params,
    answers: { 204: nothing },
    refusals: ['operator-unknown', 'database-failed'],
  },
});
