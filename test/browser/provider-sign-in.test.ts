import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { openConsole } from '../helpers/browser.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { makeAccount, withToken } from '../helpers/hubs/operators.ts';
import { freePort } from '../helpers/services/free-port.ts';
import { startOpenidProvider } from '../helpers/services/openid-provider.ts';

/** Signing in with a real identity provider, in a real browser. */

async function signInAs(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: /Sign in with 127\.0\.0\.1/ }).click();
  await page.getByPlaceholder('Enter any login').fill(name);
  await page.getByPlaceholder('and password').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** A hub whose people sign in with the provider, and what it knows of an account. */
async function startHubWithProvider(t: TestContext) {
  const port = await freePort();
  const provider = await startOpenidProvider(t, `http://127.0.0.1:${port}/sign-in/oidc/callback`);
  const hub = await startInProcessHub(t, {
    HUB_ADMIN_LISTEN: `127.0.0.1:${port}`,
    HUB_OIDC_ISSUER: provider.issuer,
    HUB_OIDC_CLIENT_ID: provider.client.id,
    HUB_OIDC_CLIENT_SECRET: provider.client.secret,
    HUB_OIDC_ROLES: 'hub-admins=admin:critical,hall-3=operator:actuate:site=hall-3+type=env-*',
  });
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  const accountOf = async (name: string) => {
    const { body } = await admin.get('/operators');
    const accounts = body['accounts'] as Record<string, unknown>[];
    return accounts.find((account) => account['name'] === name);
  };
  return { hub, provider, accountOf };
}

test('whom the identity provider knows is signed in with the rights of the first group that matches, and loses them with it', async (t) => {
  const { hub, provider, accountOf } = await startHubWithProvider(t);
  provider.groups.set('eva', ['staff', 'hall-3']);
  const { page } = await openConsole(t, hub);
  await signInAs(page, 'eva');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  const { createdMs: _, ...eva } = (await accountOf('eva')) ?? {};
  assert.deepEqual(eva, {
    name: 'eva',
    role: 'operator',
    devices: 'site=hall-3,type=env-*',
    safety: 'actuate',
    twoFactor: false,
    provider: provider.issuer,
  });
  await page.goto('/account');
  await page.getByText('You sign in with the identity provider').waitFor();

  // What the groups give is looked at again at the next sign-in.
  provider.groups.set('eva', ['staff']);
  const second = await openConsole(t, hub);
  await signInAs(second.page, 'eva');
  await second.page.getByText('You have no role here.').waitFor();
  assert.equal(await accountOf('eva'), undefined);
  await page.getByText('Your session has ended').waitFor();
});

test('an account of the hub is not taken over by somebody of the same name', async (t) => {
  const { hub, provider, accountOf } = await startHubWithProvider(t);
  await makeAccount(hub, 'taken');
  provider.groups.set('taken', ['hub-admins']);
  const { page } = await openConsole(t, hub);
  await signInAs(page, 'taken');
  await page.getByText('There is an account of your name').waitFor();
  assert.equal((await accountOf('taken'))?.['role'], 'viewer');
});

test('an end of a sign-in that this browser did not begin signs nobody in, nor does a provider that is away', async (t) => {
  const port = await freePort();
  const provider = await startOpenidProvider(t, `http://127.0.0.1:${port}/sign-in/oidc/callback`);
  const rights = { HUB_OIDC_CLIENT_ID: 'hub', HUB_OIDC_ROLES: 'a=viewer' };
  const hub = await startInProcessHub(t, {
    HUB_ADMIN_LISTEN: `127.0.0.1:${port}`,
    HUB_OIDC_ISSUER: provider.issuer,
    ...rights,
  });
  const callback = `${hub.hub.adminUrl}/sign-in/oidc/callback?code=guessed&state=guessed`;
  const manual = { redirect: 'manual' } as const;
  const stranger = await fetch(callback, manual);
  assert.equal(stranger.headers.get('location'), '/#sign-in-failed=too-late');
  const begun = await fetch(`${hub.hub.adminUrl}/sign-in/oidc`, manual);
  const cookie = begun.headers.get('set-cookie') ?? '';
  assert.match(cookie, /HttpOnly; SameSite=Lax; Max-Age=600/);
  assert.match(begun.headers.get('location') ?? '', /code_challenge_method=S256/);
  const headers = { cookie: cookie.split(';', 1)[0] ?? '' };
  const other = await fetch(callback, { ...manual, headers });
  assert.equal(other.headers.get('location'), '/#sign-in-failed=provider-failed');
  assert.doesNotMatch(other.headers.getSetCookie().join('\n'), /hub_session=\w/);

  const gone = await freePort();
  const away = await startInProcessHub(t, { HUB_OIDC_ISSUER: `http://127.0.0.1:${gone}`, ...rights });
  const { page } = await openConsole(t, away);
  await page.getByRole('link', { name: /Sign in with/ }).click();
  await page.getByText('The identity provider did not sign you in.').waitFor();
});
