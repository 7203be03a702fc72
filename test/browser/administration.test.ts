import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { findings, widthOf } from '../helpers/axe.ts';
import { openConsole, openSignedIn, signIn } from '../helpers/browser.ts';
import { openRaw } from '../helpers/devices/raw-device.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';
import { makeAccount, password } from '../helpers/hubs/operators.ts';
import { typesFolder } from '../helpers/types-folder.ts';

/** What administrators do with a hub, in a real browser. */

const phone = { colorScheme: 'dark' as const, viewport: { width: 390, height: 844 } };

async function checkLooks(page: Page, where: string): Promise<void> {
  assert.deepEqual(await findings(page), [], where);
  const { scroll, client } = await widthOf(page);
  assert.ok(scroll <= client, `${where} is ${scroll} px wide in ${client} px`);
}

test('an account limited to a site is made with a preview of what it sees, changed, and removed', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['n-1', 'n-2'], 'env-sensor@1', 'north');
  await hub.add(['s-1'], 'env-sensor@1', 'south');
  const { page } = await openSignedIn(t, hub, '/hub?view=accounts');
  const form = page.getByRole('form', { name: 'New account' });
  await form.getByLabel('Name').fill('berta');
  await form.getByLabel('Password').fill('short');
  await form.getByLabel('Devices').fill('site=north');
  await form.getByText('Sees 2 of 3 devices: n-1, n-2').waitFor();
  await form.getByRole('button', { name: 'Make the account' }).click();
  await form.getByRole('alert').waitFor();
  await form.getByLabel('Password').fill(password);
  await form.getByRole('button', { name: 'Make the account' }).click();
  const row = page.getByRole('row', { name: /^berta viewer site=north/ });
  await row.waitFor();
  await checkLooks(page, 'accounts');

  const { page: theirs } = await openConsole(t, hub, '/devices');
  await signIn(theirs, 'berta');
  await theirs.getByText('2 devices').waitFor();
  await theirs.goto('/hub?view=accounts');
  await theirs.getByRole('region', { name: 'Data pipeline' }).waitFor();
  assert.equal(await theirs.getByRole('navigation', { name: 'Parts of the hub' }).count(), 0);

  await row.getByRole('button', { name: 'Change berta…' }).click();
  const change = page.getByRole('form', { name: 'Change berta' });
  await change.getByLabel('Role').selectOption('operator');
  await change.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: /^berta operator site=north/ }).waitFor();
  await theirs.getByText('Your session has ended').waitFor();

  await page.getByRole('button', { name: 'Remove berta…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Type “berta” to confirm').fill('berta');
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('row', { name: /^berta/ }).waitFor({ state: 'detached' });
});

test('a token is shown once and revoked, and a browser is signed out from afar', async (t) => {
  const hub = await startInProcessHub(t);
  const { page } = await openSignedIn(t, hub, '/hub?view=accounts', phone);
  const form = page.getByRole('form', { name: 'New API token' });
  await form.getByLabel('Name').fill('ci');
  await form.getByRole('button', { name: 'Make the token' }).click();
  const token = (await page.locator('.copy-text code').textContent()) ?? '';
  const asked = (): Promise<Response> =>
    fetch(`${hub.hub.adminUrl}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await asked()).status, 200);
  await checkLooks(page, 'tokens');
  await page.getByRole('button', { name: 'Revoke ci' }).click();
  await page.getByText('No API tokens').waitFor();
  assert.equal((await asked()).status, 401);
  await page.getByRole('button', { name: /^Sign out operator:anna/ }).click();
  await page.getByText('Your session has ended').waitFor();
});

test('the audit says who did what, filtered by the address, page by page', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(Array.from({ length: 3 }, (_, at) => `d-${at + 1}`));
  for (let at = 0; at < 120; at += 1)
    await hub.admin.labelDevice('d-1', { set: { at: String(at) }, remove: [] });
  const { page } = await openSignedIn(t, hub, '/hub?view=audit&subject=d-1', phone);
  const table = page.getByRole('table');
  await table.getByText('device.label').first().waitFor();
  assert.equal(await table.getByText('device.label').count(), 100);
  await checkLooks(page, 'the audit');
  await table.getByText('"set":{"at":"119"}').waitFor();
  await page.getByRole('button', { name: 'Show older' }).click();
  await table.getByText('device.label').nth(119).waitFor();
  await page.getByLabel('Action').fill('label');
  await table.getByText('"set":{"at":"119"}').waitFor();
  await page.getByLabel('Action').fill('login');
  await page.getByText('No entry matches these filters').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('action'), 'login');
});

test('the audit is filtered by time, and the link of what is shown has the times', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  await hub.admin.labelDevice('d-1', { set: { floor: '2' }, remove: [] });
  const { page } = await openSignedIn(t, hub, '/hub?view=audit&subject=d-1');
  const labelled = page.getByRole('table').getByText('device.label');
  await labelled.waitFor();
  await page.getByLabel('To').fill('2020-01-01T00:00');
  await page.getByText('No entry matches these filters').waitFor();
  await page.getByLabel('From').fill('2019-12-31T12:30');
  await page.reload();
  await page.getByText('No entry matches these filters').waitFor();
  assert.equal(await page.getByLabel('From').inputValue(), '2019-12-31T12:30');
  await page.getByLabel('To').fill('');
  await labelled.waitFor();
  const { searchParams } = new URL(page.url());
  assert.deepEqual([searchParams.get('from'), searchParams.get('to')], ['2019-12-31T12:30', null]);
});

test('a webhook is added, tested and removed, and what it did not take is retried and deleted', async (t) => {
  const posts: string[] = [];
  const server = createServer((request, response) => {
    posts.push(String(request.headers['x-hub-signature-256']));
    response.writeHead(posts.length === 1 ? 500 : 204).end();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const hub = await startInProcessHub(t, { HUB_WEBHOOK_ALLOW: '127.0.0.1' });
  const { page } = await openSignedIn(t, hub, '/alarms?view=webhooks');
  const form = page.getByRole('form', { name: 'New webhook' });
  await form.getByLabel('Name').fill('pager');
  await form.getByLabel('Address').fill(`http://127.0.0.1:${port}/`);
  await form.getByLabel('Secret').fill('a long text that both know');
  await form.getByRole('button', { name: 'Add the webhook' }).click();
  await page.getByRole('button', { name: 'Test pager' }).click();
  await page.getByText(/pager did not take the test: .*500/).waitFor();
  await page.getByRole('button', { name: 'Test pager' }).click();
  await page.getByText('pager took the test').waitFor();
  assert.match(posts[1] ?? '', /^sha256=/);
  await checkLooks(page, 'webhooks');
  const body = JSON.stringify({ timeMs: 1, alarm: { device: 'd-1', source: 'offline', state: 'raised' } });
  const db = new DatabaseSync(join(hub.dataDir, 'state.db'), { timeout: 5_000 });
  const insert = db.prepare(
    `INSERT INTO webhook_delivery (id, webhook, created_ms, body, dead_ms, error) VALUES (?, 'pager', 1, ?, 2, 'it answered 500')`,
  );
  for (const id of ['a', 'b']) insert.run(id, body);
  db.close();
  await page.getByRole('button', { name: 'Show what pager did not take' }).click();
  const dead = page.getByRole('region', { name: 'Not taken by pager' });
  const boxes = dead.getByRole('checkbox', { name: 'Select offline of d-1, raised' });
  await boxes.nth(1).check();
  await checkLooks(page, 'webhook-dead');
  await dead.getByRole('button', { name: 'Retry…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
  await page.getByText('1 alarm to be posted again.').waitFor();
  await dead.getByRole('button', { name: 'Select all shown' }).click();
  await dead.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await dead.getByText('Nothing is dead').waitFor();
  assert.deepEqual((await hub.ask('GET /api/v1/webhooks', {})).webhooks[0]?.dead, 0);
  assert.equal(posts.length, 3);
  await page.getByRole('button', { name: 'Remove pager' }).click();
  await page.getByText('No webhooks').waitFor();
});

test('a schedule is added, shows its next times, runs now, pauses and is removed', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/commands?view=schedules');
  const form = page.getByRole('form', { name: 'New schedule' });
  await page
    .getByRole('region', { name: 'New schedule' })
    .getByLabel('Command', { exact: true })
    .selectOption('identify');
  await form.getByLabel('Name').fill('nightly');
  await form.getByLabel('Times (cron)').fill('0 99 * * *');
  await form.getByRole('button', { name: 'Add the schedule' }).click();
  await form.getByRole('alert').waitFor();
  await form.getByLabel('Times (cron)').fill('0 22 * * *');
  await form.getByLabel('Time zone').fill('UTC');
  await form.getByRole('button', { name: 'Add the schedule' }).click();
  await page.getByRole('button', { name: 'Times nightly' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('listitem').nth(4).waitFor();
  assert.match(await dialog.getByRole('listitem').first().innerText(), /22:00:00 UTC/);
  await checkLooks(page, 'schedules');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Change… nightly' }).click();
  const change = page.getByRole('form', { name: 'Change nightly' });
  await change.getByLabel('Devices').fill('id=d-1');
  await change.getByLabel('Times (cron)').fill('0 23 * * *');
  await checkLooks(page, 'the form of a schedule');
  await change.getByRole('button', { name: 'Save the schedule' }).click();
  await page
    .getByRole('row', { name: /^nightly .*0 23 \* \* \* UTC/ })
    .getByText('id=d-1')
    .waitFor();
  await page.getByRole('button', { name: 'Pause nightly' }).click();
  await page.getByRole('button', { name: 'Resume nightly' }).click();
  await page.getByRole('button', { name: 'Pause nightly' }).waitFor();
  await page.getByRole('button', { name: 'Run now… nightly' }).click();
  await dialog.getByRole('button', { name: 'Run it now' }).click();
  assert.equal((await device.next('command')).name, 'identify');
  await page.getByRole('region', { name: 'Progress' }).getByRole('link', { name: 'Send again…' }).click();
  const target = page
    .getByRole('form', { name: 'Blink (identify) for a group' })
    .getByLabel('Devices', { exact: true });
  assert.equal(await target.inputValue(), 'id=d-1');
  await page.goto('/commands?view=schedules');
  await page.getByRole('button', { name: 'Remove… nightly' }).click();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByText('No schedules').waitFor();
});

test('the outcome of a schedule leads to what was sent', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const action = { kind: 'command', name: 'identify', params: {} } as const;
  const once = { name: 'once', atMs: Date.now() + 500, timeZone: 'UTC', to: 'id=d-1', action };
  await hub.ask('POST /api/v1/schedules', { body: { ...once, catchUp: 'skip', jitterMs: 0, paused: false } });
  await device.next('command');
  const { page } = await openSignedIn(t, hub, '/commands?view=schedules');
  await page
    .getByRole('row', { name: /^once/ })
    .getByRole('link', { name: /^(sending|sent)$/ })
    .click();
  await page.getByRole('region', { name: 'Progress' }).getByText('d-1', { exact: true }).waitFor();
});

test('a group is stored and removed, and a notice reaches the devices that are there', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const { page } = await openSignedIn(t, hub, '/commands?view=stored', phone);
  const form = page.getByRole('form', { name: 'Store a group' });
  await form.getByLabel('Name').fill('all-env');
  await form.getByLabel('Devices').fill('colour~red');
  await form.getByRole('button', { name: 'Store' }).click();
  await form.getByRole('alert').waitFor();
  await form.getByLabel('Devices').fill('type=env-sensor');
  await form.getByRole('button', { name: 'Store' }).click();
  await page.getByRole('button', { name: 'Remove all-env' }).waitFor();
  await checkLooks(page, 'stored groups');
  await page.getByRole('button', { name: 'Remove all-env' }).click();
  await page.getByText('No stored groups').waitFor();
  await page.goto('/commands?view=notices');
  const notice = page.getByRole('form', { name: 'New notice' });
  await notice.getByLabel('Devices').fill('all');
  await notice.getByLabel('Topic').fill('news');
  await notice.getByLabel('Data').fill('{"text":"hello"}');
  await notice.getByRole('button', { name: 'Send' }).click();
  assert.deepEqual((await device.next('notice')).data, { text: 'hello' });
  await page.getByText('sent to 1 of 2, 1 offline').first().waitFor();
  await checkLooks(page, 'notices');
});

test('who is no administrator sees no way to change schedules, groups, notices and webhooks', async (t) => {
  const hub = await startInProcessHub(t);
  const action = { kind: 'notice', topic: 'news', data: 1 } as const;
  const schedule = { name: 'daily', cron: '0 2 * * *', timeZone: 'UTC', to: 'all', action };
  const body = { ...schedule, catchUp: 'skip', jitterMs: 0, paused: false } as const;
  await hub.ask('POST /api/v1/schedules', { body });
  await hub.ask('PUT /api/v1/groups/{name}', { params: { name: 'g-1' }, body: { selector: 'all' } });
  const { page } = await openSignedIn(t, hub, '/commands?view=schedules', { rights: { role: 'operator' } });
  const main = page.getByRole('main');
  const shown: readonly [path: string, complete: string, buttons: readonly string[]][] = [
    ['/commands?view=schedules', 'daily', ['CSV', 'JSON', 'Times']],
    ['/commands?view=stored', 'g-1', ['CSV', 'JSON']],
    ['/commands?view=notices', 'No notices', ['CSV', 'JSON']],
  ];
  for (const [path, complete, buttons] of shown) {
    await page.goto(path);
    await main.getByText(complete, { exact: true }).waitFor();
    assert.deepEqual(await main.getByRole('button').allTextContents(), buttons, path);
  }
  await page.goto('/alarms?view=webhooks');
  await main.getByRole('region', { name: 'Silences' }).waitFor();
  assert.equal(await page.getByRole('form', { name: 'New webhook' }).count(), 0);
});

test('the configuration in effect is shown with what set each value, and without secrets', async (t) => {
  const env = {
    HUB_MAX_AGE_SEC: '3600',
    HUB_INFLUX_URL: 'http://127.0.0.1:9',
    HUB_INFLUX_USERNAME: 'hub',
    HUB_INFLUX_PASSWORD: 'rosebud',
  };
  const hub = await startInProcessHub(t, env);
  const { page } = await openSignedIn(t, hub, '/hub?view=config', phone);
  const row = (name: string) =>
    page.getByRole('row').or(page.locator('tr')).filter({ hasText: name }).first();
  await row('HUB_MAX_AGE_SEC').getByText('environment').waitFor();
  await row('HUB_MAX_AGE_SEC').getByText('3600').waitFor();
  await row('HUB_INFLUX_PASSWORD').getByText('(hidden)').first().waitFor();
  assert.equal((await page.content()).includes('rosebud'), false);
  await checkLooks(page, 'the configuration');
  await page.getByLabel('Only what is not the default').check();
  await page.getByText('HUB_ACK_DELAY_MS').waitFor({ state: 'detached' });
});

test('a device type is changed by a form, tried on the last readings, and published', async (t) => {
  const hub = await startInProcessHub(t, { HUB_SCHEMAS_DIR: typesFolder(t) });
  await hub.add(['d-1']);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  const send = (seq: number, temperature: number): void =>
    device.send({ type: 'telemetry', seq, stream: 'env', ts: Date.now(), data: { temperature } });
  send(1, 18);
  send(2, 71);
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 2);
  const { page } = await openSignedIn(t, hub, '/types?type=env-sensor%401', phone);
  await page.getByRole('link', { name: 'Change…' }).click();
  const form = page.getByRole('form', { name: 'Change env-sensor@1' });
  await form.locator('summary', { hasText: 'temperature' }).click();
  const maximum = form.locator('[name="/streams/env/properties/temperature/maximum"]');
  await maximum.fill('50');
  const tryIt = form.getByRole('button', { name: 'Try it on the last readings' });
  await tryIt.click();
  await form.getByRole('button', { name: 'temperature › Alarm above' }).click();
  await form.locator('[name="/streams/env/properties/temperature/x-high"]:focus').fill('45');
  await tryIt.click();
  await form.getByText(/^1 of 2 of .* would be rejected/).waitFor();
  await checkLooks(page, 'the editor of types');
  await form.getByRole('button', { name: 'Publish env-sensor@1' }).click();
  await page.getByText('env-sensor@1 is published').waitFor();
  await page.getByRole('link', { name: 'Change…' }).waitFor();
  send(3, 51);
  const { errors } = await device.next('nack', (frame) => frame.seq === 3);
  assert.equal(errors?.[0]?.expected, '<= 50');

  const { page: theirs } = await openConsole(t, hub, '/types?type=env-sensor%401&edit=1');
  await makeAccount(hub, 'vera', { role: 'viewer' });
  await signIn(theirs, 'vera');
  await theirs.getByRole('region', { name: 'Streams' }).waitFor();
  assert.equal(await theirs.getByText('Change…').count(), 0);
});
