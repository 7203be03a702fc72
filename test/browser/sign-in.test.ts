import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConsole, openSignedIn, signIn } from '../helpers/browser.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { makeAccount, password, withToken } from '../helpers/hubs/operators.ts';
import { freePort } from '../helpers/services/free-port.ts';

/** Into the console of a real hub and out of it, in a real browser. */

test('the code that the hub printed makes the first account, once, and signs in', async (t) => {
  const hub = await startInProcessHub(t);
  const code = hub.hub.firstLogin;
  assert.ok(code !== undefined);
  const { page } = await openConsole(t, hub);
  await page.getByRole('button', { name: /one-time code/ }).click();
  await page.getByLabel('Name').fill('anna');
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('One-time code').fill('guessed');
  const make = page.getByRole('button', { name: 'Create account' });
  await make.click();
  await page.getByText('the name or the password is wrong').waitFor();
  await page.getByLabel('Password').fill('short');
  await page.getByLabel('One-time code').fill(code);
  await make.click();
  await page.getByText('12 to 1,024 characters').waitFor();
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('Name').fill('anna b');
  await make.click();
  await page.locator('p.fault').getByText('Use letters, digits, and _ . @ -').waitFor();
  await page.getByLabel('Name').fill('anna');
  await make.click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.getByText('anna').waitFor();
});

test('a wrong password is refused, the right one leads to the page that was asked for, and signing out ends it', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  await makeAccount(hub, 'anna', { role: 'viewer' });
  const { page } = await openConsole(t, hub, '/devices/d-1');
  await page.getByLabel('Name').fill('anna');
  await page.getByLabel('Password').fill('a wrong password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('the name or the password is wrong').waitFor();
  await signIn(page);
  await page.getByRole('heading', { name: 'd-1' }).waitFor();
  // The login is a cookie: a reload keeps it.
  await page.reload();
  await page.getByRole('heading', { name: 'd-1' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test("a link with a viewer's token makes a browser a screen: read-only, until the token is revoked, over a restart", async (t) => {
  const port = await freePort();
  const hub = await startInProcessHub(t, { HUB_ADMIN_LISTEN: `127.0.0.1:${port}` });
  await hub.add(['d-1']);
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  const made = await admin.ask('POST', '/operators/tokens', {
    name: 'hall',
    role: 'viewer',
    devices: '*',
    safety: 'observe',
  });
  await page.goto(`/devices/d-1#screen=${String(made.body['token'])}`);
  await page.reload();
  await page.getByTitle('token:hall, viewer').waitFor();
  assert.equal(new URL(page.url()).hash, '', 'the token is not left in the address');
  const [cookie] = await page.context().cookies();
  assert.ok((cookie?.expires ?? 0) * 1000 > Date.now() + 89 * 86_400_000, 'the browser keeps the cookie');
  await hub.restart();
  await page.reload();
  await page.getByTitle('token:hall, viewer').waitFor();
  const listed = await (await withToken(hub, 'again', { role: 'admin' })).get('/operators/sessions');
  const sessions = listed.body['sessions'] as { actor: string; kind: string }[];
  assert.deepEqual(
    sessions.map(({ actor, kind }) => [actor, kind]),
    [
      ['token:hall', 'screen'],
      ['operator:anna', 'browser'],
    ],
  );
  await page.getByText('live', { exact: true }).waitFor();
  assert.equal((await admin.ask('DELETE', '/operators/tokens/hall')).status, 204);
  await page.getByText('Your session has ended').waitFor();
});

test('a page left open learns that its login has ended', async (t) => {
  const hub = await startInProcessHub(t);
  await makeAccount(hub, 'anna', { role: 'viewer' });
  const { page } = await openConsole(t, hub);
  await signIn(page);
  await page.getByText('live', { exact: true }).waitFor();
  // A change of the account ends its sessions.
  await makeAccount(hub, 'anna', { role: 'operator' });
  await page.getByText('Your session has ended').waitFor();
});
