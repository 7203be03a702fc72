import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConsole, openSignedIn, signIn } from '../helpers/browser.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { password } from '../helpers/hubs/operators.ts';
import { oneTimeCode } from '../helpers/one-time-code.ts';

/** The own account, in a real browser on a real hub. */

test('two-factor sign-in is set up with a QR code, asks for a code, takes a recovery code, and is removed', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/account', { rights: { role: 'viewer' } });
  const setUp = page.getByRole('form', { name: 'Set up two-factor sign-in' });
  await setUp.getByLabel('Present password').fill('a wrong password');
  await setUp.getByRole('button', { name: 'Set up' }).click();
  await setUp.getByText('password').first().waitFor();
  await setUp.getByLabel('Present password').fill(password);
  await setUp.getByRole('button', { name: 'Set up' }).click();
  await page.getByRole('img', { name: 'The secret for the authenticator app' }).waitFor();
  const confirm = page.getByRole('form', { name: 'Confirm the authenticator app' });
  const secret = (await confirm.locator('code').first().textContent()) ?? '';
  await confirm.getByLabel('Code').fill('000');
  await confirm.getByRole('button', { name: 'Confirm' }).click();
  await confirm.getByRole('alert').waitFor();
  await confirm.getByLabel('Code').fill(oneTimeCode(secret));
  await confirm.getByRole('button', { name: 'Confirm' }).click();
  const kept = page.getByRole('button', { name: 'I have kept them' });
  await kept.waitFor();
  const codes = await page.locator('.recovery-codes code').allTextContents();
  assert.equal(codes.length, 10);
  await kept.click();
  await page.getByText('10 recovery codes left').waitFor();
  // The page goes on as the same person, live.
  await page.getByText('live', { exact: true }).waitFor();

  const other = await openConsole(t, hub, '/account');
  await other.page.getByLabel('Name').fill('anna');
  await other.page.getByLabel('Password').fill(password);
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const code = other.page.getByLabel('Code of your authenticator app');
  await code.fill('123');
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await other.page.getByText('the name or the password is wrong').waitFor();
  await code.fill(codes[0] ?? '');
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const remove = other.page.getByRole('form', { name: 'Remove two-factor sign-in' });
  await other.page.getByText('9 recovery codes left').waitFor();
  await remove.getByLabel('Present password').fill(password);
  await remove.getByLabel('Code').fill(codes[1] ?? '');
  await remove.getByRole('button', { name: 'Remove' }).click();
  await other.page.getByRole('button', { name: 'Set up' }).waitFor();
});

test('a person changes the own password: this browser stays signed in, the others are signed out', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/account', { rights: { role: 'viewer' } });
  const other = await openConsole(t, hub, '/devices');
  await signIn(other.page);
  const form = page.getByRole('form', { name: 'Change your password' });
  await form.getByLabel('Present password').fill(password);
  await form.getByLabel('New password', { exact: true }).fill('a newer horse battery');
  await form.getByLabel('New password again').fill('a newer horse');
  await form.getByText('It differs from the new password.').waitFor();
  await form.getByLabel('New password again').fill('a newer horse battery');
  await form.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('Your password is changed').waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await other.page.getByText('Your session has ended').waitFor();
});
