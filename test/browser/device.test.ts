import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openSignedIn } from '../helpers/browser.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { temporaryFolder } from '../helpers/services/guard.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** The page of one device on a real hub, in a real browser. */

const chartOf = (page: Page, field: string) => page.locator(`figure[data-field="${field}"]`);

/** What of an HTMLCanvasElement is used: the tests are checked without a browser's types. */
interface Canvas {
  width: number;
  height: number;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  };
}

/** How much of the chart's picture has the colour of the line. */
async function inkOf(page: Page, field: string): Promise<number> {
  return chartOf(page, field)
    .locator('canvas')
    .evaluate((node) => {
      const canvas = node as unknown as Canvas;
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let ink = 0;
      // Blue far above red: neither grid nor text is.
      for (let at = 0; at < pixels.length; at += 4) {
        if ((pixels[at + 3] ?? 0) > 128 && (pixels[at + 2] ?? 0) - (pixels[at] ?? 0) > 90) ink += 1;
      }
      return ink;
    });
}

test('a reading is in its chart within two seconds of being sent', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/devices/d-1?range=5m');
  await page.getByText('live', { exact: true }).waitFor();
  await chartOf(page, 'temperature').getByText('No readings in this period').waitFor();
  assert.equal(await inkOf(page, 'temperature'), 0);
  for (const [seq, temperature] of [21.5, 24].entries()) {
    const sentMs = performance.now();
    // In different buckets of the chart, however soon one follows the other.
    const ts = Date.now() - 10_000 + seq * 5_000;
    device.send({ type: 'telemetry', seq: seq + 1, ts, stream: 'env', data: { temperature, humidity: 40 } });
    await chartOf(page, 'temperature')
      .getByRole('img', { name: `last ${temperature} °C` })
      .waitFor({ timeout: 2_000 });
    const tookMs = performance.now() - sentMs;
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
  }
  await waitFor(async () => (await inkOf(page, 'temperature')) > 0, { what: 'the line is drawn' });
  await page.getByRole('region', { name: 'Last values' }).getByText('24 °C').waitFor();
});

test('stored readings are charted over the chosen range, and the table says the same', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const now = Date.now();
  const samples = [30, 20, 10].map((minutes, at) => ({
    ts: now - minutes * 60_000,
    data: { temperature: 20 + at },
  }));
  device.send({ type: 'telemetry', seq: 1, stream: 'env', samples });
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 1);
  const { page } = await openSignedIn(t, hub, '/devices/d-1?range=1h');
  const chart = chartOf(page, 'temperature');
  await chart.getByRole('img', { name: 'last 22 °C, lowest 20 °C, highest 22 °C' }).waitFor();
  await chart.getByText('Show data').click();
  assert.deepEqual(await chart.locator('tbody td:nth-child(2)').allTextContents(), [
    '22 °C',
    '21 °C',
    '20 °C',
  ]);
  await page.getByRole('button', { name: '5 min' }).click();
  await chart.getByText('No readings in this period').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('range'), '5m');
});

test('its page says why a device is not online, in plain words, and what led to it', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const panel = page.getByRole('region', { name: 'Why it is offline' });
  await panel.getByText('It has never connected').waitFor();
  await panel.getByText('Registered; not connected yet.').waitFor();
  await assert.rejects(openRaw({ ...hub.device('d-1'), secret: 'guessed' }));
  await page.reload();
  await panel.getByText('its secret does not match').waitFor();
  await panel.getByText('Rejected with HTTP 401').waitFor();
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  await page.getByRole('region', { name: 'Connection history' }).getByText('It is online.').waitFor();
  await page.getByText('Connected from 127.0.0.1 (session 1').waitFor();
  device.send({ type: 'bye' });
  await panel.getByText('It disconnected cleanly (bye).', { exact: true }).waitFor();
});

test('the readings of a time are saved, and the ledger of the device balances', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 21.5 } });
  device.send({ type: 'telemetry', seq: 2, ts: Date.now(), stream: 'env', data: { temperature: 999 } });
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 2);
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const points = page.getByRole('region', { name: 'Points since the hub started' });
  const dd = (word: string) => points.locator('div').filter({ hasText: word }).locator('dd');
  await dd('rejected').getByText('1', { exact: true }).waitFor();
  await dd('stored').getByText('1', { exact: true }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save d-1-env as CSV' }).click(),
  ]);
  const [head, row] = readFileSync(await download.path(), 'utf8').split('\r\n');
  assert.equal(head, 'time,temperature');
  assert.match(row ?? '', /^\d{4}-.*Z,21\.5$/);
});

test('a refused reading is shown with field, rule and what is wrong', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const refused = page.getByRole('region', { name: 'Rejected readings' });
  await refused.getByText('None on record. The hub keeps the last 20.').waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 999 } });
  const row = refused.getByRole('row').filter({ hasText: '/temperature' });
  await row.getByText('maximum', { exact: true }).waitFor();
  await page.reload();
  await row.getByText('maximum', { exact: true }).waitFor();
});

test('a device that is not there, or is removed while its page is open, is told of', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { page } = await openSignedIn(t, hub, '/devices/nobody');
  await page.getByText('There is no device nobody').waitFor();
  await page.goto('/devices/d-1');
  await page.getByRole('heading', { name: 'd-1' }).waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  await hub.admin.removeDevice('d-1');
  await page.getByText('This device was removed').waitFor();
});

test('the firmware of a device that has gone is shown as the last known one, on its page and in the list', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'), { firmware: '2.4.0' });
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const state = page.getByRole('region', { name: 'State' });
  await state.getByText('2.4.0', { exact: true }).waitFor();
  assert.equal(await state.getByText('last known').count(), 0);
  device.close();
  await waitFor(async () => (await hub.admin.showDevice('d-1')).presence === 'suspect', {
    what: 'it is gone',
  });
  await page.reload();
  await state.getByText(/2\.4\.0 \(last known, .*ago\)/).waitFor();
  await page.goto(new URL('/devices', page.url()).href);
  await page
    .getByTitle(/^last known, /)
    .getByText('2.4.0')
    .waitFor();
});

test('a device that runs a newer version of its type has the pictures of that one, also when it has gone', async (t) => {
  const folder = temporaryFolder('types');
  t.after(() => folder.remove());
  const shipped = new URL('../../schemas/device-types/env-sensor@1.json', import.meta.url);
  const first = readFileSync(shipped, 'utf8');
  writeFileSync(join(folder.path, 'env-sensor@1.json'), first);
  const newer = first
    .replace('"version": 1', '"version": 2')
    .replace('"humidity": {', '"noise": { "type": "number" },\n        "humidity": {');
  writeFileSync(join(folder.path, 'env-sensor@2.json'), newer);
  const hub = await startInProcessHub(t, { HUB_SCHEMAS_DIR: folder.path });
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'), { deviceType: 'env-sensor@2' });
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  await chartOf(page, 'noise').waitFor();
  device.close();
  await page.getByRole('region', { name: 'State' }).getByText('Type version last used').waitFor();
  await page.reload();
  await chartOf(page, 'noise').waitFor();
});

test('the log of a device is on its page, newest first, and no markup in it is obeyed', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const ts = Date.now();
  device.send({ type: 'log', seq: 1, ts, level: 'info', msg: 'started' });
  device.send({ type: 'log', seq: 2, ts: ts + 1, level: 'error', msg: '<b>late</b>', tag: 'i2c' });
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 2);
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  const rows = page.getByRole('region', { name: 'Log' }).locator('tbody tr');
  await rows.nth(1).waitFor();
  const cells = await rows.evaluateAll((all) =>
    all.map((row) =>
      Array.from(
        (row as unknown as { cells: Iterable<{ textContent: string }> }).cells,
        (cell) => cell.textContent,
      ),
    ),
  );
  assert.deepEqual(
    cells.map((row) => row.slice(1)),
    [
      ['error', 'i2c', '<b>late</b>'],
      ['info', '', 'started'],
    ],
  );
  device.send({ type: 'log', seq: 3, ts: ts + 2, level: 'warning', msg: 'one more' });
  await rows.nth(2).waitFor({ timeout: 15_000 });
});

test('its frames are shown when somebody asks for them, live, with refusals beside them, on a phone too', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/devices/d-1');
  await page.setViewportSize({ width: 390, height: 844 });
  const panel = page.getByRole('region', { name: 'Frames' });
  await panel.getByText('The audit records who looks.').waitFor();
  await panel.getByRole('button', { name: 'Show frames' }).click();
  const rows = panel.getByRole('row');
  await rows.filter({ hasText: '"type":"welcome"' }).waitFor();
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 999 } });
  await rows
    .filter({ hasText: '"temperature":999' })
    .getByText('Refused (schema, for good): /temperature must be <= 125; it is 999')
    .waitFor();
  await panel.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Refused by the hub' });
  await waitFor(async () => (await rows.count()) === 2, { what: 'the head and the refused one are left' });
  await panel.getByRole('button', { name: 'Hold the list' }).click();
  device.send({ type: 'telemetry', seq: 2, ts: Date.now(), stream: 'env', data: { temperature: 998 } });
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 2);
  assert.equal(await panel.getByText('"temperature":998').count(), 0);
  await panel.getByRole('button', { name: 'Hold the list' }).click();
  await panel.getByText('"temperature":998').first().waitFor();
  const wide = await page.evaluate('document.documentElement.scrollWidth');
  assert.ok(Number(wide) <= 390, `${String(wide)} pixels wide`);
  device.close();
  await panel.getByRole('combobox').selectOption({ label: 'All frames' });
  await rows.filter({ hasText: 'closed link 1006' }).waitFor();
  const { entries } = await hub.ask('GET /api/v1/audit', { query: { action: 'device.tap' } });
  assert.equal(entries.length, 1);
});
