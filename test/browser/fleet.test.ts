import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openSignedIn } from '../helpers/browser.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** The fleet page on a real hub, in a real browser. */

/** Heartbeat 1 s, grace 0.5 s: offline is found soon. */
const quick = { heartbeatSec: 1 };

const rowOf = (page: Page, id: string) => page.getByRole('row').filter({ hasText: id });

test('a device that goes offline and comes back is seen doing so, without a reload', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const { page } = await openSignedIn(t, hub, '/devices');
  await rowOf(page, 'd-1').getByText('never seen').waitFor();
  const device = await openRaw(hub.device('d-1'), quick);
  t.after(() => device.close());
  await rowOf(page, 'd-1').getByText('online').waitFor();
  await rowOf(page, 'd-2').getByText('never seen').waitFor();
  device.close();
  // Within 1.5 s; a machine that is itself too busy to read its sockets takes longer to say so.
  await rowOf(page, 'd-1').getByText('offline').waitFor({ timeout: 30_000 });
  await page.getByRole('button', { name: '1 offline' }).waitFor();
  const again = await openRaw(hub.device('d-1'));
  t.after(() => again.close());
  await rowOf(page, 'd-1').getByText('online').waitFor();
  await page.getByRole('button', { name: '1 online' }).waitFor();
});

test('a device that is registered or removed appears or goes, without a reload', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/devices');
  await page.getByText('No devices yet').waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  await hub.add(['d-1', 'd-2']);
  await rowOf(page, 'd-2').waitFor();
  await hub.admin.removeDevice('d-2');
  await rowOf(page, 'd-2').waitFor({ state: 'detached' });
  await rowOf(page, 'd-1').waitFor();
});

test('search and filters narrow the list, stand in the address, and a link with them shows the same', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['east-1', 'east-2'], 'env-sensor@1', 'east');
  await hub.add(['west-1'], 'smart-valve@1', 'west');
  await hub.admin.labelDevice('east-2', { set: { room: 'kitchen' }, remove: [] });
  const { page } = await openSignedIn(t, hub, '/devices');
  const ids = async (): Promise<string[]> => page.locator('.fleet-table .cell-id a').allTextContents();
  await rowOf(page, 'west-1').waitFor();
  assert.deepEqual(await ids(), ['east-1', 'east-2', 'west-1']);
  await page.getByRole('searchbox').fill('KITCH');
  await page.getByText('1 of 3').waitFor();
  assert.deepEqual(await ids(), ['east-2']);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByLabel('Filter by site').selectOption('east');
  await page.getByText('2 of 3').waitFor();
  assert.deepEqual(await ids(), ['east-1', 'east-2']);
  await page.getByLabel('Filter by label').selectOption('room=kitchen');
  await page.getByText('1 of 3').waitFor();
  const { search } = new URL(page.url());
  assert.deepEqual(Object.fromEntries(new URLSearchParams(search)), { label: 'room=kitchen', site: 'east' });
  await page.goto(`/devices${search}`);
  await page.getByText('1 of 3').waitFor();
  await page.getByRole('button', { name: '1 never seen' }).click();
  assert.equal(new URL(page.url()).searchParams.get('state'), 'never-seen');
});

test('ten thousand devices are in the list, and those in sight in the document', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(Array.from({ length: 10_000 }, (_, at) => `d-${at + 1}`));
  const { page } = await openSignedIn(t, hub, '/devices');
  await page.getByText('10,000 devices').waitFor();
  const table = page.getByRole('table', { name: 'Devices' });
  assert.equal(await table.getAttribute('aria-rowcount'), '10001');
  assert.ok((await table.getByRole('row').count()) < 80);
  await table.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await rowOf(page, 'd-10000').waitFor();
  // Whatever is in sight is filled: a row at every height of the table.
  for (const share of [0.25, 0.5, 0.77]) {
    await table.evaluate((element, part) => element.scrollTo(0, element.scrollHeight * part), share);
    await waitFor(
      () =>
        table.evaluate((element) => {
          const { left, top, height } = element.getBoundingClientRect();
          const at = (y: number) => element.ownerDocument.elementFromPoint(left + 50, top + y);
          return [60, height / 2, height - 20].every((y) => at(y)?.closest('.vbody .vrow') !== null);
        }),
      { what: 'rows at every height' },
    );
  }
});

test('when the hub goes away the page says so, and when it is back it goes on without a new login', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/devices');
  await page.getByText('live', { exact: true }).waitFor();
  const { port } = new URL(hub.hub.adminUrl);
  await hub.hub.close();
  await page.getByText('reconnecting').waitFor();
  await hub.restart({ HUB_ADMIN_LISTEN: `127.0.0.1:${port}` });
  await page.getByText('live', { exact: true }).waitFor({ timeout: 30_000 });
  assert.equal(await page.getByText('Your session has ended').count(), 0);
});

test('the way back from a device leads to the filter, the order and the place that were left, by link and by browser', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(Array.from({ length: 1_500 }, (_, at) => `s-${at + 1}`));
  await hub.add(['other-1']);
  const { page } = await openSignedIn(t, hub, '/devices?q=s-&sort=-id');
  await page.getByText('1,500 of 1,501').waitFor();
  const table = page.getByRole('table', { name: 'Devices' });
  const topOf = () => table.evaluate((element) => Math.round(element.scrollTop));
  await table.evaluate((element) => element.scrollTo(0, 20_000));
  for (const goBack of [
    () => page.getByRole('link', { name: '← Devices' }).click(),
    () => page.goBack().then(() => undefined),
    // A reload in between loses nothing.
    async () => {
      await page.reload();
      await page.getByRole('link', { name: '← Devices' }).click();
    },
  ]) {
    await rowOf(page, 's-995').getByRole('link').click();
    await page.getByRole('heading', { name: 's-995' }).waitFor();
    await goBack();
    await page.getByText('1,500 of 1,501').waitFor();
    assert.equal(new URL(page.url()).search, '?q=s-&sort=-id');
    await waitFor(async () => (await topOf()) === 20_000, { what: 'the list is where it was' });
  }
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Devices' }).click();
  await page.getByText('1,501 devices').waitFor();
  assert.equal(await topOf(), 0, 'the navigation leads to the whole fleet');
});

test('the time range goes along from one device to the next', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  await page.getByRole('button', { name: '24 h' }).click();
  await page.getByRole('link', { name: '← Devices' }).click();
  await rowOf(page, 'd-2').getByRole('link').click();
  await page.getByRole('button', { name: '24 h', pressed: true }).waitFor();
  assert.equal(new URL(page.url()).search, '?range=24h');
});
