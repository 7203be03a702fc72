import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Locator } from 'playwright-core';
import { findings, widthOf } from '../helpers/axe.ts';
import { openSignedIn } from '../helpers/browser.ts';
import { openRaw, type RawDevice } from '../helpers/devices/raw-device.ts';
import { addFirmware, sha256Of } from '../helpers/firmware/add-firmware.ts';
import { startInProcessHub, type InProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** The firmware page, on a real hub, in a real browser. */

const bytes = Buffer.from('the bytes of a firmware '.repeat(5_000));

async function connect(
  t: TestContext,
  hub: InProcessHub,
  id: string,
  { boot, firmware }: { boot: string; firmware: string },
): Promise<RawDevice> {
  const device = await openRaw(hub.device(id), { boot, firmware });
  t.after(() => device.close());
  return device;
}

const phone = { colorScheme: 'dark' as const, viewport: { width: 390, height: 844 } };

test('a firmware is uploaded with the hash of what was sent, and removed again', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/firmware?view=files');
  const form = page.getByRole('form', { name: 'Add firmware' });
  await form.getByLabel('Device type').selectOption('env-sensor');
  await form.getByLabel('Version').fill('2.0.0');
  const upload = form.getByRole('button', { name: 'Upload' });
  assert.equal(await upload.isDisabled(), true, 'not before the file is read');
  const file = { name: 'env.bin', mimeType: 'application/octet-stream', buffer: bytes };
  await form.getByLabel('File', { exact: true }).setInputFiles(file);
  await form.getByText(sha256Of(bytes)).waitFor();
  await upload.click();
  const row = page.getByRole('row', { name: /env-sensor 2\.0\.0/ });
  await row.getByText('117.2 KiB').waitFor();
  const { firmware } = await hub.ask('GET /api/v1/firmware', {});
  assert.deepEqual(
    firmware.map(({ sha256, size }) => [sha256, size]),
    [[sha256Of(bytes), bytes.length]],
  );

  await form.getByLabel('Version').fill('2.0.0');
  await form.getByLabel('File', { exact: true }).setInputFiles(file);
  await upload.click();
  await form.getByRole('alert').getByText('the type has a firmware of this version already').waitFor();

  await row.getByRole('button', { name: 'Remove env-sensor 2.0.0…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByText('No firmware yet').waitFor();
  assert.deepEqual((await hub.ask('GET /api/v1/firmware', {})).firmware, []);
});

test('a firmware that devices get elsewhere is added without its bytes', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/firmware?view=files');
  const form = page.getByRole('form', { name: 'Add firmware' });
  await form.getByLabel('Version').fill('2.1.0');
  await form.getByLabel('File', { exact: true }).setInputFiles({ name: 'a', mimeType: '', buffer: bytes });
  await form.getByLabel('Address').fill('https://files.example/env-2.1.0.bin');
  await form.getByRole('button', { name: 'Add', exact: true }).click();
  await page
    .getByRole('row', { name: /2\.1\.0/ })
    .getByText('https://files.example/env-2.1.0.bin')
    .waitFor();
});

test('a rollout is previewed, begun, followed wave by wave, paused, resumed and cancelled', async (t) => {
  const hub = await startInProcessHub(t);
  await addFirmware(hub, bytes);
  await hub.add(['d-1', 'd-2', 'd-3']);
  await hub.add(['other'], 'smart-valve@1');
  const first = { boot: 'b-1', firmware: '1.0.0' };
  const ids = ['d-1', 'd-2', 'd-3'];
  const devices = await Promise.all(ids.map((id) => connect(t, hub, id, first)));
  const { page } = await openSignedIn(t, hub, '/firmware');
  const form = page.getByRole('form', { name: 'New rollout' });
  await form.getByLabel('Devices', { exact: true }).fill('all');
  await form.getByLabel('Waves').fill('5, 2');
  await form.getByRole('button', { name: 'Preview devices' }).click();
  await form.getByRole('alert').getByText('Waves', { exact: true }).waitFor();
  await form.getByLabel('Waves').fill('1, 100%');
  await form.getByLabel('Must stay well for, s').fill('1');
  await form.getByRole('button', { name: 'Preview devices' }).click();
  await form.getByText('3 devices in 2 waves').waitFor();
  await form.getByText('is of another type').waitFor();
  await form.getByRole('button', { name: 'Begin (3 devices)…' }).click();
  const confirm = page.getByRole('form', { name: 'Confirm' });
  const begin = confirm.getByRole('button', { name: 'Begin the rollout' });
  assert.equal(await begin.isDisabled(), true, 'not before the devices are typed');
  await confirm.getByLabel('Type “all” to confirm').fill('all');
  await begin.click();

  const rollout = page.getByRole('region', { name: /^Rollout console-/ });
  await rollout.getByText('1 offered', { exact: true }).waitFor();
  await rollout.getByText('2 devices, not begun').waitFor();
  await rollout.getByRole('button', { name: 'Pause' }).click();
  await rollout.getByText('No update begins until it is resumed.').waitFor();
  await rollout.getByRole('button', { name: 'Resume' }).click();
  await rollout.getByText('Updates go on, wave by wave.').waitFor();

  const isOffered = (at: number): boolean =>
    devices[at]?.frames.some(({ type }) => type === 'update') === true;
  const id = await waitFor(() => ids.find((_, at) => isOffered(at)), { what: 'an offer' });
  devices[ids.indexOf(id)]?.close();
  await connect(t, hub, id, { boot: 'b-2', firmware: '2.0.0' });
  await rollout.getByText('1 succeeded', { exact: true }).waitFor();
  await rollout.getByText('2 offered', { exact: true }).waitFor();
  await page.goto(`/devices/${id}`);
  const panel = page.getByRole('region', { name: 'Firmware' });
  await panel.getByText('succeeded').waitFor();
  await panel.getByRole('link', { name: /^console-/ }).click();

  await rollout.getByRole('button', { name: 'Cancel the rollout…' }).click();
  await rollout.getByRole('button', { name: 'Cancel the rollout for good' }).click();
  await rollout.getByText('Cancelled on request.', { exact: false }).waitFor();
  const list = page.getByRole('region', { name: 'Rollouts', exact: true });
  await list.getByText('cancelled', { exact: true }).waitFor();
  await rollout.getByRole('combobox', { name: 'Devices' }).selectOption('succeeded');
  await rollout.getByRole('row', { name: new RegExp(id) }).waitFor();
  assert.match(page.url(), /state=succeeded/);
});

test('a rollout whose devices do worse says so with counts, p and devices: on a desktop, and on a phone in the dark', async (t) => {
  const hub = await startInProcessHub(t);
  await addFirmware(hub, bytes);
  const ids = Array.from({ length: 16 }, (_, at) => `d-${at + 1}`);
  await hub.add(ids);
  const devices = await Promise.all(ids.map((id) => connect(t, hub, id, { boot: 'b-1', firmware: '1.0.0' })));
  const body = { id: 'ill', type: 'env-sensor', version: '2.0.0', to: 'all', soakSec: 2, maxFailures: 16 };
  await hub.ask('POST /api/v1/rollouts', { body: { ...body, waves: ['4', '100%'] } });
  const isOffered = (device: RawDevice): boolean => device.frames.some(({ type }) => type === 'update');
  await waitFor(() => devices.filter(isOffered).length === 4, { what: 'the first wave' });
  const wave = ids.filter((_, at) => devices.some((device, index) => index === at && isOffered(device)));
  for (const id of wave) {
    devices[ids.indexOf(id)]?.close();
    const updated = await connect(t, hub, id, { boot: 'b-2', firmware: '2.0.0' });
    updated.close();
    await connect(t, hub, id, { boot: 'b-3', firmware: '2.0.0' });
  }
  const params = { params: { id: 'ill' } };
  await waitFor(async () => (await hub.ask('GET /api/v1/rollouts/{id}', params)).status === 'stopped', {
    what: 'the stop',
    timeoutMs: 15_000,
  });
  const { page } = await openSignedIn(t, hub, '/firmware?id=ill');
  const rollout = page.getByRole('region', { name: 'Rollout ill' });
  await rollout
    .getByText('Stopped: the updated devices do worse than the others.', { exact: false })
    .waitFor();
  const look = rollout.getByRole('row', { name: /wave 1/ });
  await look.getByText('4 of 4').waitFor();
  await look.getByText('0 of 12').waitFor();
  await look.getByText(/p = 0\.000\d+/).waitFor();
  for (const id of wave)
    await rollout
      .getByRole('listitem')
      .filter({ hasText: `${id} rebooted again` })
      .waitFor();
  assert.deepEqual(await findings(page), []);
  const small = await openSignedIn(t, hub, '/firmware?id=ill', phone);
  await small.page.getByText('Stopped: the updated devices', { exact: false }).waitFor();
  await small.page.getByRole('listitem').filter({ hasText: 'rebooted again' }).first().waitFor();
  assert.deepEqual(await findings(small.page), []);
  const { scroll, client } = await widthOf(small.page);
  assert.ok(scroll <= client, `${scroll} px wide in ${client} px`);
});

test('who may not change firmware sees no way to', async (t) => {
  const hub = await startInProcessHub(t);
  await addFirmware(hub, bytes);
  await hub.add(['d-1']);
  const body = { id: 'r-1', type: 'env-sensor', version: '2.0.0', to: 'all' };
  await hub.ask('POST /api/v1/rollouts', { body });
  for (const rights of [{ role: 'viewer' }, { role: 'operator', safety: 'actuate' }] as const) {
    const { page } = await openSignedIn(t, hub, '/firmware?id=r-1', { rights });
    const main = page.getByRole('main');
    await main
      .getByRole('region', { name: 'Rollout r-1' })
      .getByText('1 offered', { exact: true })
      .or(main.getByText('1 not begun', { exact: true }))
      .first()
      .waitFor();
    assert.deepEqual(await deeds(main), ['Close']);
    await page.goto('/firmware?view=files');
    await main.getByRole('cell', { name: '2.0.0' }).waitFor();
    assert.deepEqual(await deeds(main), []);
  }
});

/** The buttons that do something; saving a list is for everybody. */
async function deeds(main: Locator): Promise<string[]> {
  const buttons = await main.getByRole('button').allTextContents();
  return buttons.filter((text) => text !== 'CSV' && text !== 'JSON');
}

test('the fleet is filtered and sorted by firmware', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2', 'd-3']);
  await connect(t, hub, 'd-1', { boot: 'b', firmware: '1.10.0' });
  await connect(t, hub, 'd-2', { boot: 'b', firmware: '1.9.0' });
  const { page } = await openSignedIn(t, hub, '/devices?sort=firmware');
  const names = page.getByRole('table', { name: 'Devices' }).getByRole('link');
  await names.nth(2).waitFor();
  assert.deepEqual(await names.allTextContents(), ['d-3', 'd-2', 'd-1']);
  await page.getByLabel('Filter by firmware').selectOption('1.9.0');
  await page.getByText('1 of 3').waitFor();
  assert.deepEqual(await names.allTextContents(), ['d-2']);
});
