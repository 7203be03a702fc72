import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, widthOf } from '../helpers/axe.ts';
import { openConsole, openSignedIn } from '../helpers/browser.ts';
import { startCommandedDevice } from '../helpers/devices/commanded-device.ts';
import { addFirmware } from '../helpers/firmware/add-firmware.ts';
import { startInProcessHub, type InProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { withToken } from '../helpers/hubs/operators.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import type { PageName } from '../../dashboards/console/src/paths.ts';

/** Every page of the console before axe-core: light and dark, desktop and phone. */

/** Something on every page: devices in several states, readings, refusals, commands, a group command, a schedule. */
async function fill(hub: InProcessHub, t: Parameters<typeof startCommandedDevice>[0]): Promise<void> {
  await hub.add(['d-1', 'd-2', 'd-3'], 'env-sensor@1', 'north');
  await startCommandedDevice(
    t,
    hub,
    { id: 'd-1' },
    {
      'set-interval': () => ({ status: 'succeeded' }),
      identify: () => ({ status: 'failed', error: 'lamp broken' }),
    },
  );
  const device = await openRaw(hub.device('d-2'), { firmware: '1.0' });
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 61 } });
  device.send({ type: 'telemetry', seq: 2, ts: Date.now(), stream: 'env', data: { temperature: 999 } });
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 2);
  const admin = await withToken(hub, 'admin', { role: 'admin' });
  const sent = await admin.ask('POST', '/devices/d-1/commands/identify?wait=5s', {});
  assert.equal(sent.body['status'], 'failed');
  const group = { to: 'all', name: 'set-interval', command: { id: 'g-1', params: { seconds: 5 } } };
  assert.equal((await admin.ask('POST', '/group-commands', group)).status, 202);
  const action = { kind: 'notice', topic: 'news', data: 'hello' };
  const schedule = { name: 'daily', cron: '0 0 2 * * *', timeZone: 'Europe/Rome', to: 'all', action };
  assert.equal((await admin.ask('POST', '/schedules', schedule)).status, 201);
  await addFirmware(hub, Buffer.from('firmware'));
  const rollout = { id: 'r-1', type: 'env-sensor', version: '2.0.0', to: 'd-3' };
  assert.equal((await admin.ask('POST', '/rollouts', rollout)).status, 202);
  const silence = { to: 'id=d-3', untilMs: Date.now() + 3_600_000, reason: 'works' };
  assert.equal((await admin.ask('POST', '/silences', silence)).status, 201);
}

/** Every page, with the paths of its views and what is visible when each is complete. */
const views: Readonly<Record<PageName | 'none', readonly [path: string, complete: string][]>> = {
  overview: [['/', 'text=All alarms']],
  devices: [['/devices', 'text=d-3']],
  device: [['/devices/d-2', 'role=button[name="Blink (identify) …"]']],
  compare: [['/compare?devices=d-1,d-2', 'role=img[name="Lines of d-1, d-2"]']],
  alarms: [['/alarms', 'text=temperature 61 °C, over 60']],
  commands: [
    ['/commands', 'role=cell[name="lamp broken"]'],
    ['/commands?view=groups&id=g-1', 'text=Wave 1'],
    ['/commands?view=settings', 'role=form[name="Change settings of many"]'],
    ['/commands?view=schedules', 'text=daily'],
  ],
  firmware: [
    ['/firmware?id=r-1', 'text=Wave 1'],
    ['/firmware?view=files', 'td:has-text("2.0.0")'],
  ],
  types: [['/types', 'role=region[name="Rejected readings by field and firmware"]']],
  hub: [['/hub', 'text=All points are accounted for.']],
  playground: [['/playground', 'role=button[name="Connect"]']],
  interfaces: [
    ['/interfaces', 'text=GET /api/v1/devices'],
    ['/interfaces?view=messages', 'text=MQTT topics'],
  ],
  account: [['/account', 'role=button[name="Set up"]']],
  none: [['/nowhere', 'role=main']],
};

for (const { name, options } of [
  { name: 'light, on a desktop', options: { colorScheme: 'light' as const } },
  {
    name: 'dark, on a phone',
    options: { colorScheme: 'dark' as const, viewport: { width: 390, height: 844 } },
  },
]) {
  test(`no page has a finding that hinders people: ${name}`, async (t) => {
    const hub = await startInProcessHub(t);
    await fill(hub, t);
    const stranger = await openConsole(t, hub, '/', options);
    await stranger.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    assert.deepEqual(await findings(stranger.page), [], 'signing in');
    const { page } = await openSignedIn(t, hub, '/', options);
    for (const [path, complete] of Object.values(views).flat()) {
      await page.goto(path);
      await page.locator(complete).first().waitFor();
      assert.deepEqual(await findings(page), [], path);
      // Nothing is cut off at the side.
      const { scroll, client } = await widthOf(page);
      assert.ok(scroll <= client, `${path} is ${scroll} px wide in ${client} px`);
    }
    await page.goto('/devices/d-2');
    await page.getByRole('button', { name: 'Show frames' }).click();
    await page.getByText('Refused (schema, for good)').waitFor();
    assert.deepEqual(await findings(page), [], 'the frames of a device');
    await page.goto('/devices/d-1');
    await page.getByRole('button', { name: 'Set the time between readings (set-interval) …' }).click();
    const form = page.getByRole('dialog');
    await form.getByRole('button', { name: 'Send to d-1' }).click();
    await form.getByRole('alert').waitFor();
    assert.deepEqual(await findings(page), [], 'the form with a fault');
    await page.goto('/devices/d-1');
    await page.getByRole('button', { name: 'Reboot …' }).click();
    await form.getByRole('button', { name: 'Review…' }).click();
    await form.getByRole('button', { name: 'Confirm and send' }).waitFor();
    assert.deepEqual(await findings(page), [], 'the confirmation');
  });
}
