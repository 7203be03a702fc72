import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { findings, widthOf } from '../helpers/axe.ts';
import { openSignedIn } from '../helpers/browser.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { withToken } from '../helpers/hubs/operators.ts';

/** What is done with many devices at once, on a real hub, in a real browser. */

const ids = (page: Page): Promise<string[]> => page.locator('.fleet-table .cell-id a').allTextContents();

async function checkLooks(page: Page, where: string): Promise<void> {
  assert.deepEqual(await findings(page), [], where);
  const { scroll, client } = await widthOf(page);
  assert.ok(scroll <= client, `${where} is ${scroll} px wide in ${client} px`);
}

/** Three devices, two of them connected, with a battery each. */
async function startFleet(t: TestContext): Promise<InProcessHub> {
  const hub = await startInProcessHub(t);
  await hub.add(['n-1', 'n-2', 'n-3'], 'env-sensor@1', 'north');
  for (const [id, battery, firmware] of [
    ['n-1', 2.7, '2.3.0'],
    ['n-2', 3.1, '2.10.0'],
  ] as const) {
    const device = await openRaw(hub.device(id), { firmware });
    t.after(() => device.close());
    device.send({
      type: 'telemetry',
      seq: 1,
      ts: Date.now(),
      stream: 'env',
      data: { temperature: 20, battery },
    });
    await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 1);
  }
  return hub;
}

test('devices are found by words and conditions, also on their newest values', async (t) => {
  const hub = await startFleet(t);
  const { page } = await openSignedIn(t, hub, '/devices');
  const search = page.getByRole('searchbox');
  await page.getByText('3 devices').waitFor();
  for (const [text, count, found] of [
    ['fw<2.4', '1 of 3', ['n-1']],
    ['north state:online battery>2.8', '1 of 3', ['n-2']],
    ['state:never-seen', '1 of 3', ['n-3']],
  ] as const) {
    await search.fill(text);
    await page.getByText(count).waitFor();
    await page.getByRole('link', { name: found[0] }).waitFor();
    assert.deepEqual(await ids(page), found);
  }
  assert.equal(new URL(page.url()).searchParams.get('q'), 'state:never-seen');
});

test('columns are chosen, newest values among them, sorted by, and kept as a view', async (t) => {
  const hub = await startFleet(t);
  const { page } = await openSignedIn(t, hub, '/devices');
  await page.getByText('Columns').click();
  await page.getByLabel('battery').check();
  await page.getByLabel('labels').uncheck();
  const table = page.getByRole('table', { name: 'Devices' });
  await table.getByText('2.7', { exact: true }).waitFor();
  assert.equal(await table.getByRole('columnheader', { name: 'Labels' }).count(), 0);
  await page.getByText('Columns').click();
  await table.getByRole('button', { name: 'battery' }).click();
  await page.waitForFunction('document.querySelector(".fleet-table .cell-id a")?.textContent === "n-3"');
  assert.deepEqual(await ids(page), ['n-3', 'n-1', 'n-2']);
  await checkLooks(page, 'columns');
  await page.getByText('Views').click();
  await page.getByLabel('Name of this view').fill('batteries');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.goto('/devices');
  await page.getByText('Views').click();
  await page.getByRole('button', { name: 'batteries', exact: true }).click();
  await table.getByText('2.7', { exact: true }).waitFor();
});

test('chosen devices get labels, are disabled and removed together, after a preview', async (t) => {
  const hub = await startFleet(t);
  const { page } = await openSignedIn(t, hub, '/devices');
  await page.getByLabel('Choose n-1').check();
  await page.getByLabel('Choose n-3').check();
  const bar = page.getByRole('group', { name: 'Chosen devices' });
  await bar.getByText('2 devices chosen').waitFor();
  await bar.getByRole('button', { name: 'Set labels…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Labels').fill('floor=7');
  await dialog.getByText('n-1, n-3').waitFor();
  await checkLooks(page, 'the preview');
  await dialog.getByRole('button', { name: 'Set labels' }).click();
  await page.getByText('Set labels: 2 devices', { exact: true }).waitFor();
  assert.deepEqual((await hub.admin.showDevice('n-3')).labels, { floor: '7' });
  assert.deepEqual((await hub.admin.showDevice('n-2')).labels, {});
  await bar.getByRole('button', { name: 'Send a command…' }).click();
  await dialog.getByLabel('Command', { exact: true }).selectOption('set-interval');
  const form = dialog.getByRole('form', { name: 'Set the time between readings (set-interval)' });
  await form.getByLabel(/seconds/i).fill('60');
  await checkLooks(page, 'the form of a command');
  await form.getByRole('button', { name: 'Review for 2 devices…' }).click();
  await dialog.getByText('n-1, n-3').waitFor();
  await dialog.getByRole('button', { name: 'Confirm and send' }).click();
  await page.getByText('Set the time between readings (set-interval) is sent to 2 devices').waitFor();
  await page.goBack();
  await page.getByLabel('Choose n-1').check();
  await page.getByLabel('Choose n-3').check();
  await bar.getByRole('button', { name: 'Change settings…' }).click();
  const settings = dialog.getByRole('form', { name: 'Change settings' });
  await settings.getByRole('button', { name: 'Change 2 devices' }).click();
  await settings.getByText('Fill in what is to be changed.').waitFor();
  const interval = settings.getByLabel('Time between readings');
  await interval.fill('0');
  await settings.getByRole('button', { name: 'Change 2 devices' }).click();
  await settings.getByRole('alert').getByRole('button', { name: 'Time between readings' }).waitFor();
  await interval.fill('');
  // Key by key: what is wrong keeps the focus to itself only once.
  await interval.pressSequentially('42');
  await checkLooks(page, 'the form of settings');
  await settings.getByRole('button', { name: 'Change 2 devices' }).click();
  await page.getByText('The settings are on their way to 2 devices').waitFor();
  const desired = async (id: string) =>
    (await hub.ask('GET /api/v1/devices/{id}/twin', { params: { id } })).desired;
  assert.deepEqual([await desired('n-1'), await desired('n-2')], [{ intervalSec: 42 }, {}]);
  await bar.getByRole('button', { name: 'Remove…' }).click();
  const remove = dialog.getByRole('button', { name: 'Remove', exact: true });
  assert.equal(await remove.isDisabled(), true);
  await dialog.getByLabel('Type “2” to confirm').fill('2');
  await remove.click();
  await page.getByText('Remove: 2 devices', { exact: true }).waitFor();
  await page
    .getByText('1 devices', { exact: true })
    .or(page.getByText('1 device', { exact: true }))
    .first()
    .waitFor();
  assert.deepEqual(await ids(page), ['n-2']);
});

test('who is no administrator may choose devices, compare them, command them and change their settings, and nothing else', async (t) => {
  const hub = await startFleet(t);
  const rights = { role: 'operator' } as const;
  const { page } = await openSignedIn(t, hub, '/devices', { rights });
  await page.getByLabel('Choose all that are listed').check();
  const bar = page.getByRole('group', { name: 'Chosen devices' });
  await bar.getByText('3 devices chosen').waitFor();
  const actions = await bar.getByRole('button').allTextContents();
  assert.deepEqual(actions, ['Send a command…', 'Change settings…', 'Choose none']);
  await bar.getByRole('link', { name: 'Compare' }).click();
  await page.getByRole('img', { name: 'Lines of n-1, n-2, n-3' }).waitFor();
  const fields = page.getByRole('group', { name: 'Fields' });
  await fields.getByLabel('Battery').check();
  const battery = page.getByRole('listitem').filter({ hasText: 'n-2 Battery' });
  await battery.getByText('3.1 V', { exact: true }).waitFor();
  await fields.getByLabel('Relative humidity').and(page.locator(':disabled')).waitFor();
  await fields.getByLabel('Temperature').uncheck();
  assert.equal(new URL(page.url()).searchParams.get('fields'), 'env.battery');
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save comparison as CSV' }).click(),
  ]);
  // Devices do not send in the same millisecond: which row has the value is by chance.
  const [heads, ...rows] = (await readFile(await saved.path(), 'utf8')).split('\r\n');
  assert.equal(heads, 'time,n-1 env.battery,n-2 env.battery,n-3 env.battery');
  assert.match(rows.join('\n'), /^\d{4}-.*3\.1/m);
  await checkLooks(page, 'the comparison');
});

test('marks of commands are named when the titles come, and nothing else is loaded again for it', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const operator = await withToken(hub, 'operator', { role: 'operator' });
  await operator.ask('POST', '/devices/d-1/commands/identify', {});
  const { page } = await openSignedIn(t, hub);
  const asked = Promise.withResolvers<void>();
  const named = Promise.withResolvers<void>();
  await page.route('**/api/v1/device-types', async (route) => {
    asked.resolve();
    await named.promise;
    await route.continue();
  });
  let loads = 0;
  page.on('request', (request) => {
    if (/\/commands\?.*fromMs=/.test(request.url())) loads += 1;
  });
  await page.goto('/devices/d-1');
  await page.getByText(/^Marks/).click();
  const marks = page.locator('.mark-list');
  await marks.getByText('Command identify: ').waitFor();
  await asked.promise;
  const before = loads;
  named.resolve();
  await marks.getByText('Command Blink (identify): ').waitFor();
  assert.equal(loads, before);
});

test('a chart is zoomed by dragging and by buttons, and marks say what happened', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 61 } });
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  await page.getByRole('button', { name: '5 min', pressed: true }).waitFor();
  await page.getByText('Marks (2)').click();
  await page.getByText('Alarm: temperature 61 °C, over 60').waitFor();
  await page.getByText('Now online: connected').last().waitFor();
  const plot = page.locator('[data-field="temperature"] .u-over');
  await plot.scrollIntoViewIfNeeded();
  const box = (await plot.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.move(box.x + box.width * 0.1, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/range=(8|9)\ds/);
  assert.match(new URL(page.url()).searchParams.get('until') ?? '', /^\d{13}$/);
  await page.getByRole('button', { name: 'Zoom out' }).click();
  await page.waitForURL(/range=1[789]\ds/);
  await page.getByRole('button', { name: 'Now' }).click();
  await checkLooks(page, 'the zoomed chart');
});
