import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openSignedIn } from '../helpers/browser.ts';
import { startCommandedDevice } from '../helpers/devices/commanded-device.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { withToken } from '../helpers/hubs/operators.ts';

/** Group commands from the console, in a real browser. */

const ids = ['d-1', 'd-2', 'd-3', 'd-4', 'd-5', 'd-6'];

/** Fills the form in for waves of two, and looks which devices it means. */
async function preview(
  page: Page,
  { to = 'site=north', seconds = '30', maxFailures = '0' } = {},
): Promise<void> {
  await page.getByLabel('Devices', { exact: true }).fill(to);
  await page.getByLabel('Seconds (s)').fill(seconds);
  await page.getByLabel('Devices in one wave').fill('2');
  await page.getByLabel('Failures allowed').fill(maxFailures);
  await page.getByRole('button', { name: 'Preview devices' }).click();
}

async function confirm(page: Page, devices: number): Promise<void> {
  await page.getByRole('button', { name: `Review (${devices} devices)…` }).click();
  await page.getByRole('button', { name: 'Confirm and send' }).click();
}

test('a group command is previewed, confirmed, and goes wave by wave to its end', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(ids, 'env-sensor@1', 'north');
  await hub.add(['other-1'], 'env-sensor@1', 'south');
  await hub.add(['valve-1'], 'smart-valve@1', 'south');
  const devices = await Promise.all(
    ids.map((id) =>
      startCommandedDevice(t, hub, { id }, { 'set-interval': () => ({ status: 'succeeded' }) }),
    ),
  );
  const { page } = await openSignedIn(t, hub, '/commands?view=groups');
  await preview(page, { to: 'site=south' });
  await page.getByRole('alert').getByText('For one type, add type=env-sensor to the conditions.').waitFor();
  await preview(page, { seconds: '0' });
  await page.getByRole('alert').getByText('Must be at least 1 s; this is 0.').waitFor();
  await preview(page);
  const shown = page.getByRole('region', { name: 'Preview' });
  await shown.getByText('6 devices, in 3 waves of 2.').waitFor();
  assert.deepEqual(await shown.getByRole('listitem').allTextContents(), [
    'Wave 1d-1, d-2',
    'Wave 2d-3, d-4',
    'Wave 3d-5, d-6',
  ]);
  const reader = await withToken(hub, 'reader');
  const sent = async (): Promise<unknown[]> =>
    (await reader.get('/group-commands')).body['groupCommands'] as unknown[];
  assert.deepEqual(await sent(), [], 'a preview sends nothing');

  // What is changed after the preview is not what was shown: it has to be looked at again.
  await page.getByLabel('Seconds (s)').fill('31');
  await shown.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Preview devices' }).click();
  await confirm(page, 6);
  const progress = page.getByRole('region', { name: /^Group command / });
  await progress.getByText('Every device has a final status.').waitFor();
  await progress.getByText('6 of 6 succeeded, 0 failed or uncertain.').waitFor();
  assert.equal(await progress.getByRole('img', { name: '2 succeeded' }).count(), 3);
  assert.deepEqual(
    devices.map(({ calls }) => calls.map(({ params }) => params)),
    ids.map(() => [{ seconds: 31 }]),
  );
  assert.match(page.url(), /view=groups&id=console-/);
  assert.equal((await sent()).length, 1);
});

test('a group command stops at the failures that are allowed, and names those it never reached', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(ids, 'env-sensor@1', 'north');
  await Promise.all(
    ids.map((id) =>
      startCommandedDevice(
        t,
        hub,
        { id },
        {
          'set-interval': () =>
            id === 'd-3' || id === 'd-4'
              ? { status: 'failed', error: 'flash full' }
              : { status: 'succeeded' },
        },
      ),
    ),
  );
  const { page } = await openSignedIn(t, hub, '/commands?view=groups');
  await preview(page, { maxFailures: '1' });
  await confirm(page, 6);
  const progress = page.getByRole('region', { name: /^Group command / });
  await progress
    .getByText('More devices failed than allowed. The remaining devices do not get the command.')
    .waitFor();
  await progress.getByRole('img', { name: '2 failed or uncertain' }).waitFor();
  await progress.getByRole('img', { name: '2 skipped' }).waitFor();
  await progress.getByText('flash full').first().waitFor();
});

test('a group command is stopped by its button', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(ids, 'env-sensor@1', 'north');
  const begun = Promise.withResolvers<undefined>();
  const finish = Promise.withResolvers<undefined>();
  const devices = await Promise.all(
    ids.map((id) =>
      startCommandedDevice(
        t,
        hub,
        { id },
        {
          async 'set-interval'() {
            begun.resolve(undefined);
            await finish.promise;
            return { status: 'succeeded' };
          },
        },
      ),
    ),
  );
  const { page } = await openSignedIn(t, hub, '/commands?view=groups');
  await preview(page);
  await confirm(page, 6);
  await begun.promise;
  const progress = page.getByRole('region', { name: /^Group command / });
  await progress.getByRole('button', { name: 'Stop' }).click();
  await progress.getByText('Cancellation was requested.').waitFor();
  finish.resolve(undefined);
  await progress.getByRole('img', { name: '2 skipped' }).first().waitFor();
  assert.deepEqual(
    devices.slice(2).map(({ calls }) => calls.length),
    [0, 0, 0, 0],
  );
});

test('who may not send a class of commands is not offered them', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(ids, 'env-sensor@1', 'north');
  const { page } = await openSignedIn(t, hub, '/commands?view=groups', {
    rights: { role: 'operator', safety: 'config' },
  });
  const options = page.getByLabel('Command', { exact: true }).getByRole('option');
  await options.first().waitFor({ state: 'attached' });
  const offered = await options.allTextContents();
  assert.deepEqual(offered, ['Set the time between readings (set-interval)', 'Blink (identify)']);
});
