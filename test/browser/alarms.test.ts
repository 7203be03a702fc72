import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openSignedIn } from '../helpers/browser.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../helpers/hubs/in-process-hub.ts';

/** Alarms in the console, on a real hub, in a real browser. */

const source = 'limit.env.temperature.high';

/** A connected device, and how it says how warm it is. */
async function sensor(t: TestContext, hub: InProcessHub, id: string): Promise<(temperature: number) => void> {
  const device = await openRaw(hub.device(id));
  t.after(() => device.close());
  let seq = 0;
  return (temperature) =>
    device.send({
      type: 'telemetry',
      seq: (seq += 1),
      ts: Date.now(),
      stream: 'env',
      data: { temperature },
    });
}

test('an alarm comes and goes live on every page, and whoever deals with it says so with a note', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const warm = await sensor(t, hub, 'd-1');
  const { page } = await openSignedIn(t, hub, '/hub');
  const nav = page.getByRole('navigation', { name: 'Pages' });
  await nav.getByRole('link', { name: 'Alarms', exact: true }).waitFor();
  warm(64.2);
  await nav.getByRole('link', { name: 'Alarms 1 that nobody has acknowledged' }).click();
  await page.getByText('temperature 64.2 °C, over 60').waitFor();
  await page.getByText('1 open · 0 acknowledged').waitFor();

  await page.getByLabel('d-1: temperature 64.2 °C, over 60').check();
  await page.getByLabel('Note for the others (optional)').fill('a technician is on the way');
  await page.getByRole('button', { name: 'Acknowledge 1' }).click();
  await page.getByText('1 alarm acknowledged').waitFor();
  await page.getByText('a technician is on the way').waitFor();
  await nav.getByRole('link', { name: 'Alarms', exact: true }).waitFor();
  const [alarm] = (await hub.ask('GET /api/v1/alarms', { query: {} })).alarms;
  assert.deepEqual([alarm?.source, alarm?.acknowledged?.actor], [source, 'operator:anna']);

  await page.goto('/devices/d-1');
  const panel = page.getByRole('region', { name: 'Alarms' });
  await panel.getByText('a technician is on the way').waitFor();
  warm(20);
  await panel.getByText('No alarms').waitFor();
  await panel.getByRole('link', { name: 'Closed alarms' }).click();
  await page.getByRole('cell', { name: 'closed by anna' }).waitFor();
});

test('devices that somebody works on are silenced, and a selector that is none is refused where it stands', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  (await sensor(t, hub, 'd-1'))(64.2);
  (await sensor(t, hub, 'd-2'))(70);
  const { page } = await openSignedIn(t, hub, '/alarms');
  await page.getByText('temperature 70 °C, over 60').waitFor();
  const narrow = 390;
  await page.setViewportSize({ width: narrow, height: 844 });
  const pages = page.getByRole('navigation', { name: 'Pages' });
  await pages.getByText('that nobody has acknowledged').waitFor();
  const last = await pages.getByRole('link', { name: 'Hub' }).boundingBox();
  assert.ok(
    last !== null && last.x + last.width <= narrow,
    'every page is in reach beside the count of alarms',
  );
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByLabel('d-1: temperature 64.2 °C, over 60').check();
  await page.getByLabel('d-2: temperature 70 °C, over 60').check();
  const silence = page.getByRole('link', { name: /^Silence d-/ });
  assert.equal(await silence.count(), 0, 'a silence is for one device, or for conditions');
  await page.getByLabel('d-2: temperature 70 °C, over 60').uncheck();
  await silence.click();
  const form = page.getByRole('form', { name: 'Add a silence' });
  assert.equal(await form.getByLabel('Devices').inputValue(), 'd-1');
  await form.getByLabel('Devices').fill('site=');
  await form.getByLabel('Reason').fill('works on the boiler');
  await form.getByRole('button', { name: 'Silence' }).click();
  await form.getByText(/site=/).first().waitFor();
  await form.getByLabel('Devices').fill('id=d-1');
  await form.getByRole('button', { name: 'Silence' }).click();
  await page.getByText('works on the boiler').waitFor();
  await page.getByText('temperature 64.2 °C, over 60').waitFor({ state: 'detached' });
  await page.getByText('1 open · 0 acknowledged · 0 over, not acknowledged · 1 silenced').waitFor();
  await page.getByLabel('Silenced').selectOption('only');
  await page.getByText('temperature 64.2 °C, over 60').waitFor();
  await page.getByRole('button', { name: 'End now: the silence of id=d-1' }).click();
  await page.getByText('No silences').waitFor();
});

test('who may only look sees alarms and silences, and no button that the hub would refuse', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  (await sensor(t, hub, 'd-1'))(64.2);
  const { page } = await openSignedIn(t, hub, '/alarms', { rights: { role: 'viewer' } });
  await page.getByText('temperature 64.2 °C, over 60').waitFor();
  assert.equal(await page.getByRole('checkbox').count(), 0);
  assert.equal(await page.getByRole('button', { name: /Acknowledge|Silence/ }).count(), 0);
});
