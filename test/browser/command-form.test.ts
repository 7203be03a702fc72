import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openSignedIn } from '../helpers/browser.ts';
import { startCommandedDevice } from '../helpers/devices/commanded-device.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { withToken } from '../helpers/hubs/operators.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';

/** The form of a command, in a real browser, against a real hub and devices. */

/** Opens the form of a command on its device's page. */
async function openForm(page: Page, title: string) {
  await page.getByRole('button', { name: `${title} …` }).click();
  return page.getByRole('dialog');
}

test('a command filled in wrongly is stopped at its field, and filled in rightly is done and followed', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await startCommandedDevice(
    t,
    hub,
    { id: 'd-1' },
    {
      'set-interval': () => ({ status: 'succeeded' }),
    },
  );
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const form = await openForm(page, 'Set the time between readings (set-interval)');
  const seconds = form.getByLabel('Seconds (s)');
  for (const [typed, words] of [
    ['', 'Required.'],
    ['0', 'Must be at least 1 s; this is 0.'],
    ['1.5', 'Must be a whole number; this is 1.5.'],
    ['soon', 'Must be a whole number; this is "soon".'],
  ] as const) {
    await seconds.fill(typed);
    await form.getByRole('button', { name: 'Send to d-1' }).click();
    const alert = form.getByRole('alert');
    await alert.getByText(words).waitFor();
    assert.equal(await seconds.getAttribute('aria-invalid'), 'true');
    const described = await seconds.getAttribute('aria-describedby');
    const read = await Promise.all(
      (described ?? '').split(' ').map((id) => page.locator(`[id="${id}"]`).textContent()),
    );
    assert.ok(read.includes(words), `${words} is read out with the field: ${read.join(' | ')}`);
    await alert.getByRole('button', { name: 'seconds' }).click();
    assert.equal(await page.locator(':focus').getAttribute('name'), '/seconds');
  }
  const { body } = await (await withToken(hub, 'reader')).get('/commands');
  assert.deepEqual(body['commands'], [], 'nothing of it reached the hub');

  await seconds.fill('60');
  await form.getByRole('button', { name: 'Send to d-1' }).click();
  await form.getByText('The device reports that it succeeded.').waitFor();
  assert.equal(await form.getByRole('listitem').filter({ hasText: 'succeeded' }).count(), 1);
  assert.deepEqual(
    device.calls.map(({ params }) => params),
    [{ seconds: 60 }],
  );
});

test('what moves something is confirmed, and what is critical by typing the device id', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['v-1'], 'smart-valve@1');
  const done = () => ({ status: 'succeeded' }) as const;
  const device = await startCommandedDevice(
    t,
    hub,
    { id: 'v-1', type: 'smart-valve@1' },
    {
      close: done,
      'factory-reset': done,
    },
  );
  const { page } = await openSignedIn(t, hub, '/devices/v-1');
  const close = await openForm(page, 'Close');
  await close.getByRole('button', { name: 'Review…' }).click();
  await close.getByRole('heading', { name: 'Close on v-1?' }).waitFor();
  assert.equal(device.calls.length, 0);
  await close.getByRole('button', { name: 'Confirm and send' }).click();
  await close.getByText('The device reports that it succeeded.').waitFor();
  await close.getByRole('button', { name: 'Done' }).click();

  const reset = await openForm(page, 'Reset to factory settings (factory-reset)');
  await reset.getByText('It is never queued: it runs now or not at all.').waitFor();
  await reset.getByRole('button', { name: 'Review…' }).click();
  const yes = reset.getByRole('button', { name: 'Confirm and send' });
  assert.ok(await yes.isDisabled());
  await reset.getByLabel('Type “v-1” to confirm').fill('v-2');
  assert.ok(await yes.isDisabled());
  await reset.getByLabel('Type “v-1” to confirm').press('Enter');
  assert.equal(device.calls.length, 1, 'the Enter key sends it as little as the button');
  await reset.getByLabel('Type “v-1” to confirm').fill('v-1');
  await yes.click();
  await reset.getByText('The device reports that it succeeded.').waitFor();
  assert.deepEqual(
    device.calls.map(({ name }) => name),
    ['close', 'factory-reset'],
  );
});

test('when the answer is lost the form asks again under the same key, and it is done once', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await startCommandedDevice(
    t,
    hub,
    { id: 'd-1' },
    { identify: () => ({ status: 'succeeded' }) },
  );
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const posts: string[] = [];
  await page.route('**/commands/identify', async (route) => {
    posts.push(route.request().headers()['idempotency-key'] ?? '');
    if (posts.length > 1) return route.continue();
    // The hub has it, and the page does not learn of it.
    await route.fetch();
    return route.abort('connectionreset');
  });
  const form = await openForm(page, 'Blink (identify)');
  await form.getByRole('button', { name: 'Send to d-1' }).click();
  await form.getByRole('heading', { name: 'No answer from the hub' }).waitFor();
  await form.getByRole('button', { name: 'Try again' }).click();
  await form.getByText('The device reports that it succeeded.').waitFor();
  assert.equal(posts.length, 2);
  assert.equal(posts[0], posts[1]);
  assert.equal(device.calls.length, 1);
});

test('a link that dies leaves the command uncertain, with words for it, until the device is back', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const first = await openRaw(hub.device('d-1'), { boot: 'b-1' });
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const form = await openForm(page, 'Blink (identify)');
  await form.getByRole('button', { name: 'Send to d-1' }).click();
  const { id } = await first.next('command');
  first.send({ type: 'received', re: id });
  await form.getByText('The device has received it.').waitFor();
  first.close();
  await form.getByText('It is not known yet whether it was carried out').waitFor();
  await form.getByText('Reason: The connection was lost before an answer came.').waitFor();
  const second = await openRaw(hub.device('d-1'), { boot: 'b-1' });
  t.after(() => second.close());
  await second.next('recall', ({ ids }) => ids.includes(id));
  second.send({ type: 'result', re: id, status: 'failed', error: 'lamp broken' });
  await form.getByText('The device reports that it tried and failed.').waitFor();
  await form.getByText('Reason: lamp broken').waitFor();
});

test('what a device that is away is told is refused in words, and waits where it may', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const blink = await openForm(page, 'Blink (identify)');
  await blink.getByText('If the device is offline, the command is rejected immediately').waitFor();
  await blink.getByRole('button', { name: 'Send to d-1' }).click();
  await blink.getByText('Reason: The device is offline, and this command must not be queued.').waitFor();
  await blink.getByRole('button', { name: 'Done' }).click();

  const interval = await openForm(page, 'Set the time between readings (set-interval)');
  await interval.getByLabel('Seconds (s)').fill('5');
  await interval.getByLabel('Time to live').fill('2 h');
  await interval.getByText('is queued for up to 2 hours').waitFor();
  await interval.getByRole('button', { name: 'Send to d-1' }).click();
  await interval.getByText('Waiting for its turn, or for the device.').waitFor();
  await interval.getByRole('button', { name: 'Request cancellation' }).click();
  await interval.getByText('Cancelled before it was carried out.').waitFor();
});
