import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { findings, widthOf } from '../helpers/axe.ts';
import { openSignedIn } from '../helpers/browser.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** How devices come to a hub, and go, on a real hub, in a real browser. */

const phone = { colorScheme: 'dark' as const, viewport: { width: 390, height: 844 } };

async function checkLooks(page: Page, where: string): Promise<void> {
  assert.deepEqual(await findings(page), [], where);
  const { scroll, client } = await widthOf(page);
  assert.ok(scroll <= client, `${where} is ${scroll} px wide in ${client} px`);
}

test('a device is added, its secret shown once, and the line turns green when it connects with it', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/', phone);
  await page.getByRole('link', { name: 'Add the device' }).click();
  const form = page.getByRole('form', { name: 'Add devices' });
  await form.getByLabel('Device type').selectOption('env-sensor@1');
  await form.getByLabel('Device id').fill('not a name');
  await form.getByLabel('Labels').fill('floor');
  await form.getByText('Write each as key=value').waitFor();
  await form.getByLabel('Labels').fill('floor=2, room=kitchen');
  await form.getByLabel('Site').fill('north');
  await form.getByRole('button', { name: 'Add the device' }).click();
  await form.getByRole('alert').waitFor();
  await checkLooks(page, 'the form with a fault');
  await form.getByLabel('Device id').fill('boiler-1');
  await form.getByRole('button', { name: 'Add the device' }).click();
  const panel = page.getByRole('region', { name: 'boiler-1 is registered' });
  await panel.getByText('boiler-1 has not connected yet').waitFor();
  await panel.getByRole('img', { name: 'Address, id, secret and type of boiler-1' }).waitFor();
  await panel.getByText('device_hub.begin', { exact: false }).waitFor({ state: 'attached' });
  const secret = (await panel.locator('.copy-text code').first().textContent()) ?? '';
  assert.equal((await panel.locator('pre').allTextContents()).join('').includes(secret), false);
  await checkLooks(page, 'the secret');
  const device = await openRaw({ ...hub.device('boiler-1'), secret });
  t.after(() => device.close());
  await panel.getByText('boiler-1 is connected').waitFor();
  const { labels, site } = await hub.admin.showDevice('boiler-1');
  assert.deepEqual([labels, site], [{ floor: '2', room: 'kitchen' }, 'north']);
  await panel.getByRole('button', { name: 'Done' }).click();
  assert.equal((await page.content()).includes(secret), false);
});

test('many devices are added by the start of their ids, and their credentials saved', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/devices?view=add');
  const form = page.getByRole('form', { name: 'Add devices' });
  await form.getByLabel('Device id').fill('s-');
  await form.getByLabel('How many').fill('3');
  await form.getByText('s-1 to s-3').waitFor();
  await form.getByRole('button', { name: 'Add 3 devices' }).click();
  await page.getByText('0 of 3 have connected').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save credentials as JSON' }).click(),
  ]);
  const saved = JSON.parse(readFileSync(await download.path(), 'utf8')) as { id: string; secret: string }[];
  assert.deepEqual(
    saved.map(({ id }) => id),
    ['s-1', 's-2', 's-3'],
  );
  const device = await openRaw({ ...hub.device('s-2'), secret: saved[1]?.secret ?? '' });
  t.after(() => device.close());
  await page.getByText('1 of 3 have connected').waitFor();
});

function enrol(hub: InProcessHub, token: string, id: string): Promise<Response> {
  return fetch(new URL('/v1/enrol', hub.hub.deviceUrl.replace('ws', 'http')), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, id }),
  });
}

test('a token enrols new devices, and a registered one waits in the inbox until it is approved', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['hall-9']);
  const { page } = await openSignedIn(t, hub, '/devices?view=enrolment');
  const form = page.getByRole('form', { name: 'New enrolment token' });
  await form.getByLabel('Ids begin with').fill('hall-');
  await form.getByLabel('Devices', { exact: true }).fill('5');
  await form.getByRole('button', { name: 'Make the token' }).click();
  const token = (await page.locator('.copy-text code').textContent()) ?? '';
  assert.equal((await enrol(hub, token, 'hall-1')).status, 201);
  const tokens = page.getByRole('region', { name: 'Enrolment tokens' });
  await tokens.getByText('1 of 5').waitFor();
  assert.equal((await enrol(hub, token, 'hall-9')).status, 202);
  await page.getByRole('button', { name: 'Approve hall-9' }).waitFor();
  await page.goto('/');
  await page.getByRole('link', { name: 'Devices 1 waits for approval: see Enrolment' }).click();
  await page.getByRole('link', { name: 'Enrolment', exact: true }).click();
  await page.getByRole('button', { name: 'Approve hall-9' }).click();
  await page.getByText('approved: it gets its identity when it asks again').waitFor();
  await checkLooks(page, 'enrolment');
  const { requests } = await hub.ask('GET /api/v1/enrolments', {});
  assert.deepEqual(
    requests.map(({ deviceId, approved }) => [deviceId, approved]),
    [['hall-9', true]],
  );
  await tokens.getByRole('button', { name: /^Revoke/ }).click();
  await page.getByText('No enrolment tokens').waitFor();
  assert.equal((await enrol(hub, token, 'hall-2')).status, 401);
});

test('the identity of a device is changed on its page: labels, credentials, rotation, disabled, removed', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const panel = page.getByRole('region', { name: 'Identity' });
  await panel.getByRole('textbox', { name: 'Labels' }).fill('floor=2');
  await panel.getByRole('button', { name: 'Save labels' }).click();
  await page.getByText('The labels of d-1 are saved').waitFor();
  assert.deepEqual((await hub.admin.showDevice('d-1')).labels, { floor: '2' });

  await panel.getByRole('button', { name: 'Add a secret' }).click();
  const secret = (await panel.locator('.copy-text code').textContent()) ?? '';
  const second = await openRaw({ ...hub.device('d-1'), secret });
  t.after(() => second.close());
  const revoke = panel.getByRole('button', { name: /^Revoke/ });
  await revoke.nth(1).waitFor();
  await revoke.nth(1).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
  assert.equal((await second.closed).code, 4403);
  await revoke.nth(1).waitFor({ state: 'detached' });

  await panel.getByRole('button', { name: 'Rotate the secret' }).click();
  await waitFor(async () => (await hub.admin.rotating()).some(({ id }) => id === 'd-1'), {
    what: 'a rotation',
  });
  await panel.getByRole('button', { name: 'Disable' }).click();
  await panel.getByRole('button', { name: 'Enable' }).click();
  await panel.getByRole('button', { name: 'Disable' }).waitFor();
  await panel.getByRole('button', { name: 'Remove…' }).click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByRole('button', { name: 'Remove for good' }).isDisabled(), true);
  await dialog.getByLabel('Type “d-1” to confirm').fill('d-1');
  await checkLooks(page, 'the confirmation');
  await dialog.getByRole('button', { name: 'Remove for good' }).click();
  await page.getByText('This device was removed from the hub.').waitFor();
});

test('who is no administrator sees no way to add, enrol or change devices', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { page } = await openSignedIn(t, hub, '/devices?view=add', { rights: { role: 'operator' } });
  await page.getByRole('link', { name: 'd-1' }).waitFor();
  assert.equal(await page.getByRole('navigation', { name: 'Parts of devices' }).count(), 0);
  await page.goto('/devices/d-1');
  await page.getByRole('region', { name: 'Last values' }).waitFor();
  assert.equal(await page.getByRole('region', { name: 'Identity' }).count(), 0);
});
