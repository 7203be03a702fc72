import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDevice } from '../../device-sim/device/device.ts';
import { openSignedIn } from '../helpers/browser.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';

/** The settings of a device on its page, on a real hub, in a real browser. */

const params = { id: 'd-1' };

test('settings are shown side by side, changed in a form, and marked where the device does not hold them', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const device = new SimulatedDevice({ ...hub.device('d-1'), type: 'env-sensor@1', seed: 's' });
  device.start();
  t.after(() => device.stop());
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const panel = page.getByRole('region', { name: 'Settings' });
  const row = (name: string) => panel.getByRole('row', { name });
  await row('Time between readings').getByText('10 s (default)').waitFor();
  await row('Serial number').getByText(/SIM-/).waitFor();

  await panel.getByRole('button', { name: 'Change settings…' }).click();
  const form = panel.getByRole('form', { name: 'Change settings' });
  await form.getByLabel('Time between readings').fill('0');
  await form.getByRole('button', { name: 'Save settings' }).click();
  await form.getByRole('alert').getByText('Must be at least 1 s; this is 0.').waitFor();
  await form.getByLabel('Time between readings').fill('30');
  await form.getByRole('button', { name: 'Save settings' }).click();
  await panel.getByText('In sync', { exact: true }).waitFor();
  await row('Time between readings').getByText('30 s', { exact: true }).nth(1).waitFor();
  assert.equal(device.intervalSec, 30);

  // Somebody else asks for what the device cannot do, while the page is open.
  await hub.ask('PATCH /api/v1/devices/{id}/twin/desired', { params, body: { intervalSec: 1 } });
  await panel.getByText('Refused', { exact: true }).waitFor();
  await row('Time between readings').getByText('≠ desired').waitFor();
  await row('Time between readings').getByText('at least 2 s on battery').waitFor();
  await panel.getByText('History of changes').click();
  await panel.getByText('{"intervalSec":30}').waitFor();
});

test('a form that was opened before somebody else changed the settings overwrites nothing', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const panel = page.getByRole('region', { name: 'Settings' });
  await panel.getByRole('button', { name: 'Change settings…' }).click();
  await hub.ask('PATCH /api/v1/devices/{id}/twin/desired', { params, body: { alias: 'theirs' } });
  await panel.getByLabel('Name on its display').fill('ours');
  await panel.getByRole('button', { name: 'Save settings' }).click();
  await panel.getByText('Somebody else changed the settings meanwhile.', { exact: false }).waitFor();
  const { desired } = await hub.ask('GET /api/v1/devices/{id}/twin', { params });
  assert.deepEqual(desired, { alias: 'theirs' });
});

test('settings of many devices are previewed, changed and followed', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const device = new SimulatedDevice({ ...hub.device('d-1'), type: 'env-sensor@1', seed: 's' });
  device.start();
  t.after(() => device.stop());
  const { page } = await openSignedIn(t, hub, '/commands?view=settings');
  const form = page.getByRole('form', { name: 'Change settings of many' });
  await form.getByRole('button', { name: 'Preview devices' }).click();
  await form.getByText('Fill in what is to be changed.').waitFor();
  await form.getByLabel('Time between readings').fill('0');
  await form.getByRole('button', { name: 'Preview devices' }).click();
  await form.getByRole('alert').getByText('Must be at least 1 s; this is 0.').waitFor();
  await form.getByLabel('Time between readings').fill('30');
  await form.getByRole('button', { name: 'Preview devices' }).click();
  await form.getByText('d-1, d-2').waitFor();
  await form.getByRole('button', { name: 'Change 2 devices' }).click();
  const progress = page.getByRole('region', { name: 'Progress' });
  await progress.getByText(/1 of 2 in sync, 0 failed/).waitFor();
  assert.equal(device.intervalSec, 30);
  const { desired } = await hub.ask('GET /api/v1/devices/{id}/twin', { params: { id: 'd-2' } });
  assert.deepEqual(desired, { intervalSec: 30 });
});

test('the fleet is filtered by where the settings of its devices stand', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const { page } = await openSignedIn(t, hub, '/devices');
  await page.getByRole('link', { name: 'd-2' }).waitFor();
  await page.getByLabel('Filter by settings').selectOption('waiting');
  await page.getByText('0 of 2').waitFor();
  await hub.ask('PATCH /api/v1/devices/{id}/twin/desired', { params, body: { alias: 'boiler' } });
  await page.getByText('1 of 2').waitFor();
  await page.getByRole('link', { name: 'd-1' }).waitFor();
});
