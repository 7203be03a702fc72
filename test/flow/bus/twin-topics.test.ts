import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { mqttChecks } from '../../../schemas/index.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { withToken } from '../../helpers/hubs/operators.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('a setting is changed over MQTT and answered where the caller asks, and the twin is retained', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const { url } = broker;
  const hub = await startInProcessHub(t, { HUB_MQTT_URL: url });
  await hub.add(['d-1']);
  const client = await connectAsync(url, { protocolVersion: 5 });
  t.after(() => client.endAsync());
  const answers: Record<string, unknown>[] = [];
  let twin: Record<string, unknown> | undefined;
  client.on('message', (topic, payload) => {
    const value = payload.length === 0 ? undefined : JSON.parse(payload.toString());
    if (topic === 'answers/me') answers.push(value);
    else {
      twin = value;
      if (value !== undefined) assert.equal(mqttChecks.twin(value), undefined);
    }
  });
  await client.subscribeAsync(['answers/me', 'hub/v1/twin/+'], { qos: 1 });
  const ask = async (payload: string, device = 'd-1', retain = false): Promise<Record<string, unknown>> => {
    const { length } = answers;
    const properties = { responseTopic: 'answers/me', correlationData: Buffer.from('mine') };
    await client.publishAsync(`hub/v1/twin-desired/${device}`, payload, { qos: 1, retain, properties });
    await waitFor(() => answers.length > length, { what: 'an answer' });
    return answers[length] ?? {};
  };

  assert.deepEqual(await ask('{"patch":{"intervalSec":30}}'), {
    device: 'd-1',
    status: 'done',
    rev: 1,
    state: 'waiting',
  });
  await waitFor(() => twin?.['rev'] === 1, { what: 'the twin is retained' });
  assert.deepEqual(
    [twin?.['state'], twin?.['desired'], twin?.['differs']],
    ['waiting', { intervalSec: 30 }, ['/intervalSec']],
  );
  const stale = await ask('{"patch":{"intervalSec":40},"ifRev":0}');
  assert.deepEqual([stale['status'], stale['reason']], ['refused', 'twin-changed']);
  const invalid = await ask('{"patch":{"offset":{"temperature":9}}}');
  assert.deepEqual(
    [invalid['reason'], (invalid['errors'] as { path: string }[])[0]?.path],
    ['desired-invalid', '/offset/temperature'],
  );
  for (const bad of ['', 'x', '[]', '{"patch":{},"more":1}', '{"patch":{"a":1,"a":2}}'])
    assert.equal((await ask(bad))['reason'], 'input-invalid', bad);
  assert.equal((await ask('{"patch":{}}', 'd-9'))['reason'], 'device-unknown');
  assert.equal(
    (await ask('{"patch":{"intervalSec":50}}', 'd-1', true))['reason'],
    'input-invalid',
    'retained',
  );

  const device = await openRaw(hub.device('d-1'));
  t.after(() => device.close());
  await waitFor(() => twin?.['state'] === 'pending', { what: 'the device is there' });
  device.send({ type: 'reported', id: 'r-1', patch: { intervalSec: 30 }, desiredRev: 1 });
  await device.next('ack', (ack) => 're' in ack && ack.re === 'r-1');
  await waitFor(() => twin?.['state'] === 'in-sync', { what: 'in sync' });
  await hub.ask('DELETE /api/v1/devices/{id}', { params: { id: 'd-1' } });
  await waitFor(() => twin === undefined, { what: 'the retained twin goes with its device' });
});

test('on the embedded broker settings may be changed, and twins read, within the rights of an operator', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['e-1'], 'env-sensor@1', 'east');
  await hub.add(['w-1'], 'env-sensor@1', 'west');
  const { headers } = await withToken(hub, 'east', {
    role: 'operator',
    devices: 'site=east',
    safety: 'config',
  });
  const client = await connectAsync(hub.hub.brokerUrl ?? '', {
    username: 'east',
    password: (headers['authorization'] ?? '').slice('Bearer '.length),
    reconnectPeriod: 0,
  });
  t.after(() => client.end(true));
  const seen: string[] = [];
  client.on('message', (topic) => seen.push(topic));
  await client.subscribeAsync('hub/v1/twin/e-1', { qos: 1 });
  await client.publishAsync('hub/v1/twin-desired/e-1', '{"patch":{"intervalSec":30}}', { qos: 1 });
  await waitFor(() => seen.includes('hub/v1/twin/e-1'), { what: 'the twin of a device within reach' });
  const closed = new Promise((resolve) => {
    client.once('close', () => resolve(true));
  });
  client.publish('hub/v1/twin-desired/w-1', '{"patch":{"intervalSec":30}}', { qos: 1 });
  assert.ok(await closed);
  const west = await hub.ask('GET /api/v1/devices/{id}/twin', { params: { id: 'w-1' } });
  assert.equal(west.rev, 0);
});
