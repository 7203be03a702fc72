import assert from 'node:assert/strict';
import type { ApiClient } from './api-client.ts';
import { done, refused } from './outcome.ts';

interface Person {
  /** That the hub printed. */
  readonly code: string;
  readonly origin: string;
  /** What an authenticator app shows. */
  readonly oneTimeCode: (secret: string) => string;
}

const root = { name: 'root', password: 'correct horse battery' };

/** @param as a client that sends these headers */
export async function callSessions(
  as: (headers: Readonly<Record<string, string>>) => ApiClient,
  { code, origin, oneTimeCode }: Person,
): Promise<void> {
  const nobody = as({});
  await refused(nobody.POST('/api/v1/first-login', { body: { ...root, code: 'wrong' } }), 401);
  const first = await nobody.POST('/api/v1/first-login', { body: { ...root, code } });
  const { csrf, actor } = await done(Promise.resolve(first), 200);
  assert.equal(actor, 'operator:root');
  const cookie = first.response.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  const person = as({ cookie, origin, 'x-csrf-token': csrf });
  assert.equal((await done(person.GET('/api/v1/me'))).csrf, csrf);
  await refused(as({ cookie, origin }).POST('/api/v1/logout'), 403);
  const { person: changed, password } = await callOwnAccount(as, { person, origin, oneTimeCode });
  await done(changed.POST('/api/v1/logout'), 204);
  await refused(person.GET('/api/v1/me'), 401);
  assert.equal((await done(nobody.POST('/api/v1/login', { body: { ...root, password } }))).role, 'admin');
  assert.equal((await done(nobody.GET('/api/v1/sign-in-ways'))).provider, undefined);
}

type As = (headers: Readonly<Record<string, string>>) => ApiClient;

/** A person who changes the password, and sets up and removes codes: each answer is the session that goes on. */
async function callOwnAccount(
  as: As,
  { person, origin, oneTimeCode }: Omit<Person, 'code'> & { person: ApiClient },
) {
  const password = 'another horse battery';
  const goesOn = async <Answer>(
    answer: Promise<{ data?: Answer; response: Response }>,
    csrfOf: (data: Answer) => string,
  ) => {
    const { data, response } = await answer;
    assert.ok(data !== undefined, `refused with ${response.status}`);
    const cookie = response.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
    return { data, next: as({ cookie, origin, 'x-csrf-token': csrfOf(data) }) };
  };
  const change = { password: root.password, newPassword: password };
  await refused(person.PUT('/api/v1/me/password', { body: { ...change, password: 'wrong' } }), 400);
  const { next } = await goesOn(person.PUT('/api/v1/me/password', { body: change }), ({ csrf }) => csrf);
  await refused(person.GET('/api/v1/me'), 401);
  const begun = await done(next.POST('/api/v1/me/second-factor', { body: { password } }));
  await refused(next.PUT('/api/v1/me/second-factor', { body: { code: '12345' } }), 400);
  const code = oneTimeCode(begun.secret);
  const confirmed = await goesOn(
    next.PUT('/api/v1/me/second-factor', { body: { code } }),
    ({ session }) => session.csrf,
  );
  await refused(as({}).POST('/api/v1/login', { body: { ...root, password } }), 401);
  const [recovery = ''] = confirmed.data.recoveryCodes;
  const body = { password, code: recovery };
  const removed = await goesOn(
    confirmed.next.POST('/api/v1/me/second-factor/remove', { body }),
    ({ csrf }) => csrf,
  );
  return { person: removed.next, password };
}

/** A screen on a wall, until an admin signs it out. */
export async function callScreen(
  as: (headers: Readonly<Record<string, string>>) => ApiClient,
  admin: ApiClient,
) {
  const rights = { role: 'viewer' as const, devices: '*', safety: 'observe' as const };
  const { token } = await done(
    admin.POST('/api/v1/operators/tokens', { body: { name: 'hall', ...rights } }),
    201,
  );
  const login = await as({}).POST('/api/v1/screen-login', { body: { token } });
  assert.equal((await done(Promise.resolve(login))).actor, 'token:hall');
  const cookie = login.response.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  const screen = as({ cookie });
  assert.equal((await done(screen.GET('/api/v1/me'))).role, 'viewer');
  const list = '/api/v1/operators/sessions';
  const [session] = (await done(admin.GET(list))).sessions;
  assert.deepEqual([session?.actor, session?.kind], ['token:hall', 'screen']);
  const params = { path: { id: session?.id ?? '' } };
  await done(admin.DELETE(`${list}/{id}`, { params }), 204);
  await refused(admin.DELETE(`${list}/{id}`, { params }), 404);
  await refused(screen.GET('/api/v1/me'), 401);
}

/** Until its address is shut out: the last of all. */
export async function callTooOften(nobody: ApiClient): Promise<void> {
  const wrong = { ...root, password: 'wrong' };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { response } = await nobody.POST('/api/v1/login', { body: wrong });
    if (response.status === 429) return;
    assert.equal(response.status, 401);
  }
  assert.fail('guessing is not slowed down');
}
