import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { findings, widthOf } from '../helpers/axe.ts';
import { openSignedIn } from '../helpers/browser.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** What is on every page of the console, on a real hub, in a real browser. */

test('Ctrl-K finds devices, pages and actions, with the keyboard alone', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['boiler-1', 'boiler-2', 'pump-1'], 'env-sensor@1', 'north');
  const { page } = await openSignedIn(t, hub, '/alarms');
  const found = page.getByRole('dialog').getByRole('option');
  const openFinder = async (): Promise<void> => {
    await page.keyboard.press('Control+k');
    // What is typed before it has the focus goes to the page.
    await page.getByRole('dialog').getByRole('combobox').and(page.locator(':focus')).waitFor();
  };
  await openFinder();
  await page.keyboard.type('boil');
  await found.filter({ hasText: 'boiler-2' }).waitFor();
  assert.equal(await found.filter({ hasText: 'pump-1' }).count(), 0);
  assert.deepEqual(await findings(page), []);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'boiler-2' }).waitFor();
  await openFinder();
  await page.keyboard.type('add firm');
  await found.filter({ hasText: 'Add firmware' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('form', { name: 'Add firmware' }).waitFor();
  await openFinder();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  for (const width of [1440, 1024, 700, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const { scroll, client } = await widthOf(page);
    assert.ok(scroll <= client, `with the header of every page it is ${scroll} px wide in ${client} px`);
  }
});

test('who only looks is offered no action but those for the own sign-in', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/', { rights: { role: 'viewer' } });
  await page.getByRole('button', { name: /^Find/ }).click();
  const found = page.getByRole('dialog').getByRole('option');
  await found.filter({ hasText: 'Overview' }).waitFor();
  const actions = await found.filter({ hasText: 'action' }).allTextContents();
  assert.equal(actions.length, 2);
  for (const action of actions) assert.match(action, /Change your password|Two-factor sign-in/);
});

test('the overview leads from each number to the list behind it', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub);
  await page.getByRole('heading', { name: 'The first device' }).waitFor();
  await hub.add(['d-1', 'd-2']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 61 } });
  const alarms = page.getByRole('region', { name: 'Alarms' });
  await alarms.getByText('temperature 61 °C, over 60').waitFor();
  const groups = page.getByRole('region', { name: /^Devices by/ });
  await groups.getByText('1 of 2 online').waitFor();
  await groups.getByRole('group', { name: 'Devices by' }).getByText('firmware').click();
  await groups.getByText('not known').waitFor();
  await page.getByRole('link', { name: '1 online' }).click();
  await page.getByText('1 of 2').waitFor();
  assert.equal(new URL(page.url()).pathname, '/devices');
});

test('what is wrong with the hub is seen on every page, and what is shown is old while it is away', async (t) => {
  const hub = await startInProcessHub(t, { HUB_INFLUX_URL: 'http://127.0.0.1:9' });
  const { page } = await openSignedIn(t, hub, '/devices');
  const nav = page.getByRole('navigation', { name: 'Pages' });
  await nav.getByRole('link', { name: /part down: store/ }).waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  await hub.hub.close();
  await page.getByText(/The hub does not answer\. What is shown is as of/).waitFor();
  assert.match((await page.getByRole('main').getAttribute('class')) ?? '', /stale/);
  await hub.restart();
});

async function saved(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name }).click(),
  ]);
  return readFileSync(await download.path(), 'utf8');
}

test('the list of devices is saved as it is filtered, as CSV and as JSON, and no cell is a formula', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2'], 'env-sensor@1', 'north');
  await hub.add(['other']);
  await hub.admin.labelDevice('d-1', { set: { note: '=1+1"x"' }, remove: [] });
  const { page } = await openSignedIn(t, hub, '/devices?site=north');
  await page.getByText('2 of 3').waitFor();
  const csv = await saved(page, 'Save devices as CSV');
  const [head = '', first = ''] = csv.split('\r\n');
  assert.match(head, /^id,type,site,labels\.note,presence/);
  assert.match(first, /^d-1,env-sensor@1,north,"'=1\+1""x""",never-seen/);
  assert.equal(csv.includes('other'), false);
  const json = JSON.parse(await saved(page, 'Save devices as JSON')) as { id: string }[];
  assert.deepEqual(
    json.map(({ id }) => id),
    ['d-1', 'd-2'],
  );
});

test('a phone reaches every page of the navigation', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/', { viewport: { width: 390, height: 844 } });
  const nav = page.getByRole('navigation', { name: 'Pages' });
  for (const name of ['Hub', 'Types', 'Firmware', 'Commands', 'Alarms', 'Devices', 'Overview']) {
    await nav.getByRole('link', { name }).click();
    await waitFor(async () => (await nav.locator('[aria-current]').textContent())?.startsWith(name), {
      what: name,
    });
    const { scroll, client } = await widthOf(page);
    assert.ok(scroll <= client, `${name} is ${scroll} px wide in ${client} px`);
  }
});
