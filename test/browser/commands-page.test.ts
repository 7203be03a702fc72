import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSignedIn } from '../helpers/browser.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { withToken } from '../helpers/hubs/operators.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { typesFolder } from '../helpers/types-folder.ts';

/** The list of commands: live, filtered, each with its steps. */

test('commands come, change and go in the list as they are told, within filters that stand in the address', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const operator = await withToken(hub, 'operator', { role: 'operator' });
  const { page } = await openSignedIn(t, hub, '/commands');
  await page.getByText('No commands here').waitFor();

  assert.equal((await operator.ask('POST', '/devices/d-1/commands/identify', {})).status, 202);
  const row = page.getByRole('row').filter({ hasText: 'd-1' });
  await row.getByText('sent', { exact: true }).waitFor();
  const { id } = await device.next('command');
  device.send({ type: 'received', re: id });
  await row.getByText('received', { exact: true }).waitFor();

  await page.getByLabel('Status').selectOption('open');
  assert.match(page.url(), /\?status=open$/);
  await operator.ask('POST', '/devices/d-2/commands/identify', {});
  await operator.ask('POST', '/devices/d-2/commands/set-interval', { params: { seconds: 9 } });
  await page.getByRole('row').filter({ hasText: 'd-2' }).getByText('queued', { exact: true }).waitFor();
  assert.equal(await page.getByText('rejected').count(), 1, 'only as a choice of the filter');

  await row.getByRole('button', { name: 'Blink (identify)' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('via http').waitFor();
  device.send({ type: 'result', re: id, status: 'succeeded' });
  await dialog.getByText('The device reports that it succeeded.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  // It has ended: it is no open command any more.
  await row.waitFor({ state: 'detached' });

  await page.goto('/commands?status=ended&device=d-1');
  await row.getByText('succeeded', { exact: true }).waitFor();
  assert.equal(await page.getByRole('row').count(), 2, 'the head, and the one that fits');
  assert.equal(await page.getByRole('searchbox', { name: 'Device' }).inputValue(), 'd-1');
  await page.getByLabel('From').fill('2099-01-01T00:00');
  await page.getByLabel('From').blur();
  await page.getByText('No commands here').waitFor();
});

test('a command has its new title on an open page as soon as its type is published', async (t) => {
  const dir = typesFolder(t);
  const hub = await startInProcessHub(t, { HUB_SCHEMAS_DIR: dir });
  await hub.add(['d-1']);
  const operator = await withToken(hub, 'operator', { role: 'operator' });
  await operator.ask('POST', '/devices/d-1/commands/identify', {});
  const { page } = await openSignedIn(t, hub, '/commands');
  await page.getByRole('button', { name: 'Blink (identify)' }).waitFor();
  const id = 'env-sensor@1';
  const publish = async (title: string): Promise<void> => {
    const text = readFileSync(join(dir, `${id}.json`), 'utf8');
    const type = JSON.parse(text) as { commands: Record<string, object> };
    const commands = { ...type.commands, identify: { ...type.commands['identify'], title } };
    await hub.ask('PUT /api/v1/device-types/{id}', { params: { id }, body: { ...type, commands } });
  };
  await publish('Flash its light');
  const renamed = page.getByRole('button', { name: 'Flash its light (identify)' });
  await renamed.waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await renamed.waitFor({ state: 'detached' });
  await publish('Show where it is');
  await page.getByRole('link', { name: 'Commands', exact: true }).click();
  await page.getByRole('button', { name: 'Show where it is (identify)' }).waitFor();
});
