import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openSignedIn } from '../helpers/browser.ts';
import { temporaryFolder } from '../helpers/services/guard.ts';
import { addFirmware } from '../helpers/firmware/add-firmware.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { withToken } from '../helpers/hubs/operators.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { paths, type PageName } from '../../dashboards/console/src/paths.ts';

/** Texts that would run, were they ever taken for markup, in each place that a device or an operator fills. */

const markup = `"'><img src=x onerror=alert(1)><script>alert(2)</script>`;
/** As long as a title may be. */
const shortMarkup = `<img src=x onerror=alert(3)>`;

const hostileType = {
  name: 'hostile',
  version: 1,
  title: shortMarkup,
  description: markup,
  streams: {
    texts: {
      type: 'object',
      title: shortMarkup,
      description: markup,
      properties: {
        word: { type: 'string', maxLength: 200, title: shortMarkup, description: markup },
        choice: { type: 'string', enum: [shortMarkup, 'plain'] },
        level: { type: 'number', unit: '<b>%</b>', maximum: 5 },
      },
      required: ['level'],
      additionalProperties: false,
    },
  },
  commands: {
    say: {
      title: shortMarkup,
      description: markup,
      safety: 'observe',
      params: {
        type: 'object',
        properties: { choice: { type: 'string', title: shortMarkup, enum: [shortMarkup, 'plain'] } },
        required: ['choice'],
        additionalProperties: false,
      },
      output: {
        type: 'object',
        properties: { word: { type: 'string', maxLength: 200 } },
        additionalProperties: false,
      },
    },
  },
  firmware: { updates: true },
  presence: { heartbeatSec: 30 },
};

/** Nothing of the markup became an element, and none of it ran. */
async function checkNothingRan(page: Page, where: string): Promise<void> {
  assert.equal(await page.locator('img, iframe, body script, b:text-is("%")').count(), 0, where);
}

test('markup in types, labels, readings, refusals, commands and dead letters is shown as text, and nothing runs', async (t) => {
  const schemas = temporaryFolder('hostile-types');
  t.after(() => schemas.remove());
  writeFileSync(join(schemas.path, 'hostile@1.json'), JSON.stringify(hostileType));
  const hub = await startInProcessHub(t, { HUB_SCHEMAS_DIR: schemas.path });
  await hub.add(['h-1'], 'hostile@1');
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  assert.equal(
    (await admin.ask('PATCH', '/devices/h-1/labels', { set: { note: markup.slice(0, 128) }, remove: [] }))
      .status,
    200,
  );
  const silence = { to: 'all', untilMs: Date.now() + 3_600_000, reason: shortMarkup };
  assert.equal((await admin.ask('POST', '/silences', silence)).status, 201);
  const device = await openRaw(hub.device('h-1'), { deviceType: 'hostile@1', firmware: shortMarkup });
  t.after(() => device.close());
  const data = { word: markup, choice: shortMarkup, level: 1 };
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'texts', data });
  device.send({
    type: 'telemetry',
    seq: 2,
    ts: Date.now(),
    stream: 'texts',
    data: { level: 9, [shortMarkup]: 1 },
  });
  device.send({ type: 'telemetry', seq: 3, ts: Date.now(), stream: shortMarkup, data: {} });
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 3);

  await addFirmware(hub, Buffer.from('firmware'), { type: 'hostile' });
  const rollout = { id: 'r-1', type: 'hostile', version: '2.0.0', to: 'all' };
  assert.equal((await admin.ask('POST', '/rollouts', rollout)).status, 202);
  await device.next('update');
  device.send({ type: 'update-status', re: 'r-1', state: 'failed', error: markup });

  const { page } = await openSignedIn(t, hub, '/devices');
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.getByText('h-1').first().waitFor();
  await checkNothingRan(page, 'the fleet');

  await page.goto('/devices/h-1');
  await page.getByText(markup).first().waitFor();
  const open = page.getByRole('button', { name: `${shortMarkup} (say) …` });
  await open.click();
  const form = page.getByRole('dialog');
  await form.getByRole('combobox').selectOption(shortMarkup);
  await form.getByRole('button', { name: 'Send to h-1' }).click();
  const { id, params } = await device.next('command');
  assert.deepEqual(params, { choice: shortMarkup });
  device.send({ type: 'result', re: id, status: 'succeeded', output: { word: markup } });
  await form.getByText(JSON.stringify(markup)).waitFor();
  await form.getByRole('button', { name: 'Send another' }).click();
  await form.getByRole('combobox').selectOption('plain');
  await form.getByRole('button', { name: 'Send to h-1' }).click();
  const second = await device.next('command', (command) => command.id !== id);
  device.send({ type: 'result', re: second.id, status: 'failed', error: markup });
  await form.getByText(markup).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Show frames' }).click();
  await page.getByRole('region', { name: 'Frames' }).getByText(JSON.stringify(markup)).first().waitFor();
  await checkNothingRan(page, 'the device');

  const views: Readonly<Record<PageName, readonly [path: string, shown: string][]>> = {
    overview: [['/', 'All rollouts']],
    devices: [['/devices', 'h-1']],
    compare: [
      ['/compare?devices=h-1', 'level'],
      [`/compare?devices=${encodeURIComponent(markup)}`, 'Could not load'],
    ],
    alarms: [['/alarms', shortMarkup]],
    commands: [
      ['/commands', markup],
      [`/commands?device=${encodeURIComponent(markup)}`, 'No commands here'],
      ['/commands?view=groups', shortMarkup],
    ],
    firmware: [
      ['/firmware?id=r-1', markup],
      ['/firmware?view=files', '2.0.0'],
      [`/firmware?id=${encodeURIComponent(markup)}`, 'Could not load'],
    ],
    types: [
      ['/types', shortMarkup],
      [`/types?type=${encodeURIComponent(markup)}`, 'Could not load'],
    ],
    hub: [['/hub', 'All points are accounted for.']],
    playground: [['/playground', 'Address of the hub for devices']],
    interfaces: [['/interfaces?view=messages', 'MQTT topics']],
    account: [['/account', 'Two-factor sign-in']],
    device: [[`/devices/${encodeURIComponent(markup)}`, 'device']],
  };
  for (const [path, shown] of Object.values(views).flat()) {
    await page.goto(path);
    await waitFor(async () => (await page.locator('body').innerText()).includes(shown), {
      what: `${path} shows ${shown}`,
      timeoutMs: 10_000,
      everyMs: 50,
    });
    await checkNothingRan(page, path);
  }
  await page.goto('/types');
  await page
    .getByRole('region', { name: 'Rejected readings by field and firmware' })
    .getByText(shortMarkup)
    .first()
    .waitFor();
  assert.deepEqual(dialogs, []);
});

test('the policy of the pages lets no inline script or style run, and nothing of other sites in', async (t) => {
  const { hub } = await startInProcessHub(t);
  for (const pattern of Object.values(paths)) {
    const path = pattern.replace(':id', 'd-1');
    const policy = (await fetch(`${hub.adminUrl}${path}`)).headers.get('content-security-policy') ?? '';
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|https?:|\*/, policy);
    for (const directive of [
      "default-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
    ]) {
      assert.ok(policy.split(';').includes(directive), `${directive} in ${policy}`);
    }
  }
});
