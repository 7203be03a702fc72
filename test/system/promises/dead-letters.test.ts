import assert from 'node:assert/strict';
import { test } from 'node:test';
import { query, startInflux } from '../../helpers/services/influxd.ts';
import { addDevices } from '../../helpers/drills/ledger-fleet.ts';
import { spawnHub } from '../../helpers/services/process.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('a refused line is nacked and kept, and stored when it is retried after the mending', async (t) => {
  const influx = await startInflux();
  const hub = await spawnHub({ env: { HUB_INFLUX_URL: influx.url, HUB_ACK_DELAY_MS: '0' } });
  t.after(async () => {
    await hub.close();
    await influx.close();
  });
  // Somebody has written the field as a text before; InfluxDB fixes the type of a field shard by shard.
  await query(influx.url, 'hub', 'CREATE DATABASE hub');
  const body = `env_sensor_env,device=x temperature="warm" ${Date.now()}000`;
  const written = await fetch(`${influx.url}/write?db=hub&precision=u`, { method: 'POST', body });
  assert.equal(written.status, 204);
  const [credential] = await addDevices(hub, 1);
  assert.ok(credential);
  const device = await openRaw({ url: hub.deviceUrl, dataDir: hub.dataDir, ...credential });
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, stream: 'env', ts: Date.now(), data: { temperature: 20 } });
  const nack = await device.next('nack');
  assert.equal(nack.code, 'refused-by-store');
  assert.match(JSON.stringify(nack.errors), /field type conflict/);

  const list = await hub.cli(['dead-letters', 'list', '--json']);
  const letter = JSON.parse(list.stdout) as { id: number; account: string; line: string; reason: string };
  assert.equal(letter.account, credential.id);
  assert.match(letter.reason, /already exists as type string/);
  const shown = await hub.cli(['dead-letters', 'show', String(letter.id)]);
  assert.match(shown.stdout, /env_sensor_env,device=d-1,.*temperature=20/);
  assert.equal((await hub.cli(['dead-letters', 'show', '999'])).code, 1);
  assert.equal((await hub.cli(['dead-letters', 'retry'])).code, 2, 'which ones must be said');

  await query(influx.url, 'hub', 'DROP MEASUREMENT env_sensor_env');
  assert.match(
    (await hub.cli(['dead-letters', 'retry', '--device', 'd-1'])).stdout,
    /^1 line is queued for retry/,
  );
  const stored = async (): Promise<boolean> =>
    (await query(influx.url, 'hub', 'SELECT temperature FROM env_sensor_env'))[0]?.values[0]?.[1] === 20;
  await waitFor(stored, { what: 'the line is in InfluxDB', timeoutMs: 10_000 });
  const { stdout } = await hub.cli(['ledger', '--device', 'd-1', '--json']);
  const [row] = (JSON.parse(stdout) as { accounts: Record<string, number>[] }).accounts;
  assert.deepEqual(
    [row?.['received'], row?.['stored'], row?.['deadLettered'], row?.['imbalance']],
    [1, 1, 0, 0],
  );
});

test('what is spooled can be looked at and exported, with a hub and without, and is stored by the next hub', async (t) => {
  const influx = await startInflux();
  const env = { HUB_INFLUX_URL: influx.url, HUB_ACK_DELAY_MS: '0' };
  const hub = await spawnHub({ env });
  t.after(async () => {
    await hub.close();
    await influx.close();
  });
  const [credential] = await addDevices(hub, 1);
  assert.ok(credential);
  await influx.kill();
  const device = await openRaw({ url: hub.deviceUrl, dataDir: hub.dataDir, ...credential });
  const data = { temperature: 21 };
  device.send({ type: 'telemetry', seq: 1, stream: 'env', ts: 1_000 * Math.floor(Date.now() / 1_000), data });
  await device.next('ack');
  const status = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await hub.cli(['spool', 'status', '--json'])).stdout) as Record<string, unknown>;
  assert.equal((await status())['store'], 'down');
  const line = /^env_sensor_env,device=d-1,site=default,type=env-sensor temperature=21 \d+$/m;
  assert.match((await hub.cli(['spool', 'export'])).stdout, line);
  const readiness = (await (await fetch(`${hub.adminUrl}/readyz`)).json()) as { degraded: string[] };
  assert.deepEqual(readiness.degraded, ['store']);

  device.close();
  const { code } = await hub.kill('SIGTERM');
  assert.equal(code, 0, 'nothing is lost: it is in the spool');
  assert.equal((await status())['store'], 'offline');
  assert.match((await hub.cli(['spool', 'export'])).stdout, line);

  await influx.restart();
  const next = await spawnHub({ env, dataDir: hub.dataDir });
  t.after(() => next.close());
  const stored = async (): Promise<boolean> =>
    (await query(influx.url, 'hub', 'SELECT temperature FROM env_sensor_env'))[0]?.values[0]?.[1] === 21;
  await waitFor(stored, { what: 'the line is in InfluxDB', timeoutMs: 20_000 });
  const { stdout } = await next.cli(['ledger', '--device', 'd-1', '--json']);
  const [row] = (JSON.parse(stdout) as { accounts: Record<string, number>[] }).accounts;
  assert.deepEqual([row?.['carried'], row?.['stored'], row?.['imbalance']], [1, 1, 0]);
});
