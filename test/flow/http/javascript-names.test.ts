import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { connectLive } from '../../helpers/devices/live-client.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { freePort } from '../../helpers/services/free-port.ts';

/** What every object of JavaScript has, as far as it may be the id of a device. */
const names = [
  ...Object.getOwnPropertyNames(Object.prototype).filter((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name)),
  'prototype',
  'length',
  'name',
];

test('names that JavaScript knows are names like others, through every door and over an outage and a restart', async (t) => {
  // Nobody listens there: every reading goes to the spool.
  const away = { HUB_INFLUX_URL: `http://127.0.0.1:${await freePort()}` };
  const hub = await startInProcessHub(t, away);
  assert.ok(names.includes('__proto__') && names.includes('constructor') && names.includes('toString'));
  const admin = await withToken(hub, 'constructor', { role: 'admin' });
  const live = await connectLive(hub.hub.adminUrl, admin.headers);
  t.after(() => live.ws.terminate());
  live.watch('fleet', 'hub');
  for (const id of names) {
    await hub.add([id], 'env-sensor@1', id);
    const label = /^[A-Za-z]/.test(id) ? id : 'valueOf';
    assert.equal(
      (await admin.ask('PATCH', `/devices/${id}/labels`, { set: { [label]: id }, remove: [] })).status,
      200,
    );
    assert.equal((await admin.ask('PUT', `/groups/${id}`, { selector: `id=${id}` })).status, 200);
    const device = await openRaw(hub.device(id), { firmware: id, boot: id });
    const ts = Date.now();
    device.send({ type: 'telemetry', seq: 1, ts, stream: 'env', data: { temperature: 20 } });
    device.send({ type: 'telemetry', seq: 2, ts, stream: 'env', data: { temperature: 900 } });
    device.send({ type: 'telemetry', seq: 3, ts, stream: id, data: {} });
    device.send({ type: 'telemetry', seq: 4, ts, stream: 'env', data: JSON.parse(`{"${id}":1}`) as object });
    device.send({ type: id });
    await device.next('nack', (nack) => nack.seq === 4);
    await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 4, 15_000);
    for (const command of [id, 'identify']) {
      const sent = await admin.ask('POST', `/devices/${id}/commands/${command}`, { id, params: {} });
      assert.equal(sent.status, command === id ? 404 : 202, `${id} ${command} ${JSON.stringify(sent.body)}`);
    }
    device.close();
  }
  const look = async (): Promise<void> => {
    for (const path of [
      '/devices',
      '/hub',
      '/ledger',
      '/rejects',
      '/spool',
      '/groups',
      '/commands',
      '/incidents',
    ])
      assert.equal((await admin.get(path)).status, 200, path);
    for (const id of names) {
      for (const tail of ['', '/why', '/nacks', `/commands/${id}`])
        assert.equal((await admin.get(`/devices/${id}${tail}`)).status, 200, `${id}${tail}`);
    }
    const { total, accounts } = (await admin.get('/ledger')).body as {
      total: Record<string, number>;
      accounts: { id: string; imbalance: number }[];
    };
    assert.equal(total['imbalance'], 0, JSON.stringify(total));
    assert.deepEqual(
      accounts.filter(({ imbalance }) => imbalance !== 0),
      [],
    );
    const listed = (await admin.get('/devices?limit=100')).body['devices'] as { id: string }[];
    assert.deepEqual(listed.map(({ id }) => id).toSorted(), names.toSorted());
  };
  await look();
  await hub.restart(away);
  await look();
  assert.equal((await fetch(`${hub.hub.adminUrl}/metrics`)).status, 200);
});
