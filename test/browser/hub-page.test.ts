import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openSignedIn } from '../helpers/browser.ts';
import { startInflux } from '../helpers/services/influxd.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';

/** The hub's own page: the ledger, what the hub rests on, and dead letters, with a real InfluxDB. */

const figure = (page: Page) => page.getByRole('figure');

test('dead letters are listed with what the store said, tried again, and thrown away; the ledger balances', async (t) => {
  const influx = await startInflux();
  t.after(() => influx.close());
  const hub = await startInProcessHub(t, { HUB_INFLUX_URL: influx.url });
  await hub.add(['d-1']);
  // Somebody else's points: the measurement's field is a text from now on, and no number gets in.
  const spoil = await fetch(`${influx.url}/write?db=hub`, {
    method: 'POST',
    body: 'env_sensor_env,device=other temperature="hot",humidity="wet"',
  });
  assert.equal(spoil.status, 204);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/hub');
  await page.getByText('No dead letters').waitFor();
  for (const [seq, temperature] of [20, 21, 22].entries()) {
    device.send({
      type: 'telemetry',
      seq: seq + 1,
      ts: Date.now() + seq,
      stream: 'env',
      data: { temperature },
    });
  }
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 3);
  const letters = page.getByRole('region', { name: 'Dead letters' }).getByRole('table');
  await letters.getByText('field type conflict').first().waitFor();
  assert.equal(await letters.getByRole('checkbox').count(), 3);
  await figure(page)
    .getByRole('img', { name: /3 dead letters/ })
    .waitFor();
  await figure(page).getByText('All points are accounted for.').waitFor();

  // What stood in the way is gone: one of them gets in now.
  const drop = await fetch(`${influx.url}/query?db=hub`, {
    method: 'POST',
    body: new URLSearchParams({ q: 'DROP MEASUREMENT env_sensor_env' }),
  });
  assert.equal(drop.status, 200);
  await letters.getByRole('checkbox').first().check();
  await page.getByRole('button', { name: 'Retry…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
  await page.getByText('1 line queued for retry.').waitFor();
  await figure(page)
    .getByRole('img', { name: /2 dead letters/ })
    .waitFor();
  await letters.getByRole('checkbox').nth(1).waitFor();

  await page.getByRole('button', { name: 'Select all shown' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByText('This cannot be undone.').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No dead letters').waitFor();
  await figure(page)
    .getByRole('img', { name: /2 dropped/ })
    .waitFor();
  await figure(page).getByText('All points are accounted for.').waitFor();
});

test('a store that is away is said at once, with what waits on disk for it', async (t) => {
  const influx = await startInflux();
  t.after(() => influx.close());
  const hub = await startInProcessHub(t, { HUB_INFLUX_URL: influx.url });
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/hub');
  const store = page.getByRole('region', { name: 'Metrics store' });
  await store.getByText('up', { exact: true }).waitFor();
  await influx.stop();
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 20 } });
  await store.getByText('down', { exact: true }).waitFor();
  await page.getByText('1 line, ').waitFor();
  await figure(page)
    .getByRole('img', { name: /1 spooled to disk/ })
    .waitFor();
  await influx.restart();
  await store.getByText('up', { exact: true }).waitFor();
  await figure(page)
    .getByRole('img', { name: /0 spooled to disk/ })
    .waitFor();
});
