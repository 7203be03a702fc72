import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { findings, widthOf } from '../helpers/axe.ts';
import { openSignedIn } from '../helpers/browser.ts';
import { startInProcessHub, type InProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A device in the playground of the console, on a real hub, in a real browser. */

/** A hub that takes devices from pages of its own console. */
async function openHub(t: TestContext): Promise<InProcessHub> {
  const hub = await startInProcessHub(t);
  const { adminUrl } = hub.hub;
  await hub.restart({ HUB_ADMIN_LISTEN: new URL(adminUrl).host, HUB_ALLOWED_ORIGINS: adminUrl });
  return hub;
}

interface Credential {
  id: string;
  secret: string;
}

/** Fills in the form: a new device, or this one. @returns which */
async function connect(page: Page, hub: InProcessHub, known?: Credential): Promise<Credential> {
  await page.getByLabel('Device type').selectOption('env-sensor@1');
  await page.getByLabel('Address of the hub for devices').fill(hub.hub.deviceUrl);
  const id = page.getByLabel('Device id');
  const secret = page.getByLabel('Secret');
  if (known === undefined) {
    await page.getByRole('button', { name: 'Register a new device' }).click();
    await waitFor(async () => (await secret.inputValue()) !== '', { what: 'the new secret' });
  } else {
    await id.fill(known.id);
    await secret.fill(known.secret);
  }
  const credential = { id: await id.inputValue(), secret: await secret.inputValue() };
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.getByText('Session open').waitFor();
  return credential;
}

/** The numbers of the device as the page shows them. */
async function counts(page: Page): Promise<Record<string, number>> {
  const text = await page.getByText(/readings? measured/).textContent();
  const pairs = [...(text ?? '').matchAll(/(\d+) (?:readings? )?(\w+)/g)];
  return Object.fromEntries(pairs.map(([, number, word = '']) => [word, Number(number)]));
}

function reach(page: Page, word: string, least: number): Promise<unknown> {
  return waitFor(async () => ((await counts(page))[word] ?? 0) >= least, {
    what: `${least} readings ${word}`,
    timeoutMs: 10_000,
    everyMs: 50,
  });
}

test('a page is a device: its readings are stored, its frames are shown, and it obeys commands', async (t) => {
  const hub = await openHub(t);
  const { page } = await openSignedIn(t, hub, '/playground');
  const { id } = await connect(page, hub);
  await reach(page, 'stored', 1);
  const frames = page.getByRole('group', { name: 'Frames' });
  for (const type of ['hello', 'welcome', 'telemetry', 'ack'])
    await frames.getByRole('cell', { name: type, exact: true }).first().waitFor();
  const admin = { params: { id, command: 'identify' }, body: {} };
  await hub.ask('POST /api/v1/devices/{id}/commands/{command}', admin);
  await frames.getByRole('cell', { name: 'result', exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByRole('button', { name: 'Connect' }).waitFor();
});

test('each fault has its button, and the device lives through all of them without losing a reading', async (t) => {
  const hub = await openHub(t);
  const { page } = await openSignedIn(t, hub, '/playground');
  const { id } = await connect(page, hub);
  const frames = page.getByRole('group', { name: 'Frames' });
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await reach(page, 'stored', 1);

  await button('Wrong value').click();
  await reach(page, 'refused', 1);
  await button('Garbage').click();
  await frames.getByRole('cell', { name: 'garbage', exact: true }).waitFor();
  await waitFor(async () => (await frames.getByText('nack', { exact: true }).count()) >= 2, {
    what: 'the hub refuses the garbage too',
  });

  await button('Cut link').click();
  await frames.getByRole('cell', { name: 'closed', exact: true }).waitFor();
  await page.getByText('Session open').waitFor();

  await button('Silence').click();
  await button('Take a reading').click();
  await reach(page, 'waiting', 1);
  const before = (await counts(page))['stored'] ?? 0;
  await button('Silence').click();
  await reach(page, 'stored', before + 1);

  await button('Slow answers').click();
  const command = { params: { id, command: 'identify' }, body: { id: 'c-slow' } };
  await hub.ask('POST /api/v1/devices/{id}/commands/{command}', command);
  const show = () =>
    hub.ask('GET /api/v1/devices/{id}/commands/{command}', { params: { id, command: 'c-slow' } });
  const beganMs = performance.now();
  await waitFor(async () => (await show()).final, { what: 'the slow answer', timeoutMs: 10_000 });
  assert.ok(performance.now() - beganMs > 2_500, 'it was late');
  assert.equal((await counts(page))['lost'], 0);
});

test('readings that the hub does not have outlive a reload of the page', async (t) => {
  const hub = await openHub(t);
  const { page } = await openSignedIn(t, hub, '/playground');
  const credential = await connect(page, hub);
  await page.getByRole('button', { name: 'Silence', exact: true }).click();
  await page.getByRole('button', { name: 'Take a reading' }).click();
  await reach(page, 'waiting', 1);
  await page.reload();
  await connect(page, hub, credential);
  const frames = page.getByRole('group', { name: 'Frames' });
  await frames.getByRole('row', { name: 'telemetry' }).filter({ hasText: '"boot":' }).first().waitFor();
});

for (const { name, options } of [
  { name: 'light, on a desktop', options: { colorScheme: 'light' as const } },
  {
    name: 'dark, on a phone',
    options: { colorScheme: 'dark' as const, viewport: { width: 390, height: 844 } },
  },
]) {
  test(`the device at work has nothing that hinders people: ${name}`, async (t) => {
    const hub = await openHub(t);
    const { page } = await openSignedIn(t, hub, '/playground', options);
    await connect(page, hub);
    await page.getByRole('button', { name: 'Wrong value' }).click();
    await page.getByRole('button', { name: 'Slow answers' }).click();
    await reach(page, 'refused', 1);
    assert.deepEqual(await findings(page), []);
    const { scroll, client } = await widthOf(page);
    assert.ok(scroll <= client, `${scroll} px wide in ${client} px`);
    const link = await page
      .getByRole('navigation', { name: 'Pages' })
      .getByRole('link', { name: 'Hub' })
      .boundingBox();
    assert.ok(link !== null && link.x + link.width <= client, 'the navigation fits');
  });
}
