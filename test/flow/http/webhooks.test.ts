import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { webhookSender } from '../../../hub/adapters/webhook-sender.ts';
import { runCommand } from '../../helpers/cli.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { startReceiver, webhookSecret } from '../../helpers/services/webhook-receiver.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const secret = webhookSecret;

test('an alarm reaches a webhook, one that failed comes after a restart, and the command line tests and removes it', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { url, got, answer } = await startReceiver(t);
  const file = join(hub.dataDir, 'pager.secret');
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  const run = (...args: string[]) => runCommand(['webhook', ...args], hub.dataDir);
  const added = await run('add', url, '--secret-file', file, '--name', 'pager');
  assert.deepEqual([added.code, added.err], [0, '']);
  assert.equal((await run('test', 'pager')).out, 'delivered\n');
  assert.deepEqual(
    got.map((one) => [one.test, one.signed]),
    [[true, true]],
  );

  answer.status = 302;
  answer.location = 'http://169.254.169.254/latest/meta-data';
  assert.match((await run('test', 'pager')).err, /answered 302/);
  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature: 70 } });
  await waitFor(() => got.some(({ state }) => state === 'raised'), { what: 'the first attempt' });
  assert.match((await run('list')).out, /pager .* 1 +0 +it answered 302/);
  const first = got.find(({ state }) => state === 'raised');
  answer.status = 200;
  await hub.restart();
  const raised = () => got.filter(({ state }) => state === 'raised');
  await waitFor(() => raised().length === 2, { what: 'the attempt of the next hub' });
  assert.deepEqual(
    raised().map(({ id, signed }) => [id, signed]),
    [
      [first?.id, true],
      [first?.id, true],
    ],
  );
  await waitFor(async () => (await hub.ask('GET /api/v1/webhooks', {})).webhooks[0]?.waiting === 0, {
    what: 'nothing waits',
  });
  assert.equal((await run('remove', 'pager')).code, 0);
  assert.match((await run('test', 'pager')).err, /no webhook/);
});

test('what a webhook did not take for a day is listed, retried and purged, and the audit says by whom', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { url, got, answer } = await startReceiver(t);
  await hub.ask('POST /api/v1/webhooks', { body: { name: 'pager', url, secret } });
  answer.status = 500;
  const report = async (temperature: number): Promise<void> => {
    const device = await openRaw(hub.device('d-1'));
    device.send({ type: 'telemetry', seq: 1, ts: Date.now(), stream: 'env', data: { temperature } });
    await waitFor(() => got.length > 0, { what: 'an attempt' });
    device.close();
  };
  const listed = async () => (await hub.ask('GET /api/v1/webhooks', {})).webhooks[0];
  const letTwoDaysPass = async (): Promise<void> => {
    const db = new DatabaseSync(join(hub.dataDir, 'state.db'), { timeout: 5_000 });
    db.exec('UPDATE webhook_delivery SET created_ms = created_ms - 172800000');
    db.close();
    await hub.restart();
    await waitFor(async () => (await listed())?.dead === 1, { what: 'given up' });
  };
  const run = (...args: string[]) => runCommand(['webhook', ...args], hub.dataDir);
  await report(70);
  await letTwoDaysPass();
  assert.match(
    (await run('dead', 'pager')).out,
    /d-1 +limit\.env\.temperature\.high +raised .* it answered 500/,
  );
  assert.match((await run('retry', 'pager')).err, /ids, --all/);
  const { id } = JSON.parse((await run('dead', 'pager', '--json')).out) as { id: string };
  answer.status = 204;
  assert.equal((await run('retry', 'pager', id)).out, '1 delivery is to be posted again\n');
  await waitFor(async () => (await listed())?.waiting === 0, { what: 'taken' });
  assert.deepEqual([got.at(-1)?.id, got.at(-1)?.signed, (await listed())?.dead], [id, true, 0]);

  answer.status = 500;
  got.length = 0;
  await report(10);
  await letTwoDaysPass();
  assert.equal((await run('purge', 'pager', '--all')).out, '1 delivery is deleted\n');
  assert.equal((await run('purge', 'pager', '--all')).out, '0 deliveries are deleted\n');
  assert.equal((await run('dead', 'pager', '--json')).out, '');
  const { entries } = await hub.ask('GET /api/v1/audit', { query: { limit: 10 } });
  const deeds = entries.filter(({ action }) => /webhook.(retry|purge)/.test(action));
  assert.deepEqual(
    deeds.slice(0, 2).map(({ action, actor, subject }) => [action, actor, subject]),
    [
      ['webhook.retry', 'local', 'pager'],
      ['webhook.purge', 'local', 'pager'],
    ],
  );
});

test('a webhook reaches no metadata service, however its address is written, unless it is allowed', async () => {
  const send = webhookSender([]);
  const request = { body: '{}', headers: {} };
  for (const host of [
    '169.254.169.254',
    '[::ffff:169.254.169.254]',
    '[fe80::1]',
    '[64:ff9b::169.254.169.254]',
    '[fd00:ec2::254]',
    '2852039166',
    '0xa9fea9fe',
    '0.0.0.0',
  ])
    assert.match((await send({ ...request, url: `http://${host}:9/` })) ?? '', /HUB_WEBHOOK_ALLOW/, host);
  const allowing = webhookSender(['0.0.0.0/32']);
  assert.doesNotMatch((await allowing({ ...request, url: 'http://0.0.0.0:9/' })) ?? '', /HUB_WEBHOOK_ALLOW/);
  assert.match((await send({ ...request, url: 'http://127.0.0.1:9/' })) ?? '', /ECONNREFUSED/);
});
