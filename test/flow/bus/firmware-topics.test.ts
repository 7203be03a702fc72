import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { UpdatePublisher } from '../../../hub/firmware/rollouts/update-publisher.ts';
import { newUpdate } from '../../../hub/firmware/rollouts/update.ts';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { mqttChecks } from '../../../schemas/index.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { addFirmware } from '../../helpers/firmware/add-firmware.ts';
import { VirtualFleet } from '../../helpers/firmware/virtual-fleet.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('each state of an update is published once it is on disk', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const hub = await startInProcessHub(t, { HUB_MQTT_URL: broker.url });
  await hub.add(['d-1']);
  await addFirmware(hub, randomBytes(1_000));
  const client = await connectAsync(broker.url, { protocolVersion: 5 });
  t.after(() => client.endAsync());
  const states: string[] = [];
  client.on('message', (topic, payload) => {
    const value = JSON.parse(payload.toString()) as { state: string };
    assert.equal(mqttChecks['firmware-status'](value), undefined);
    assert.equal(topic, `hub/v1/firmware-status/r-1/d-1/${value.state}`);
    states.push(value.state);
  });
  await client.subscribeAsync('hub/v1/firmware-status/+/+/+', { qos: 1 });
  const old = await openRaw(hub.device('d-1'), { boot: 'b-1', firmware: '1.0.0' });
  t.after(() => old.close());
  const body = { id: 'r-1', type: 'env-sensor', version: '2.0.0', to: 'all', soakSec: 1 };
  await hub.ask('POST /api/v1/rollouts', { body });
  await old.next('update');
  for (const state of ['downloading', 'applying']) {
    old.send({ type: 'update-status', re: 'r-1', state });
    await waitFor(() => states.includes(state), { what: state });
  }
  old.close();
  const updated = await openRaw(hub.device('d-1'), { boot: 'b-2', firmware: '2.0.0' });
  t.after(() => updated.close());
  await waitFor(() => states.includes('succeeded'), { what: 'its end' });
  assert.deepEqual(states, ['offered', 'downloading', 'applying', 'soaking', 'succeeded']);
});

test('what the broker does not take is published when it is back, of each device the newest state', async () => {
  const fleet = new VirtualFleet({ devices: 1 });
  await fleet.start();
  const { rollout } = (await fleet.begin()).record;
  const published: string[] = [];
  let isAway = true;
  const publisher = new UpdatePublisher({
    topics: topicsOf('hub/v1'),
    log: silentLog,
    hub: { hubId: 'h', incarnation: 'i' },
    publisher: {
      publish: async ({ topic }) => {
        if (isAway) throw new Error('no broker');
        published.push(topic);
      },
    },
  });
  const update = newUpdate(0, { here: true });
  for (const state of ['offered', 'downloading'] as const) {
    publisher.updateMoved('d-1', rollout, { ...update, state });
    publisher.updateMoved('d-2', rollout, { ...update, state });
    await waitFor(() => publisher.failures % 2 === 0, { what: 'the bus refuses' });
  }
  isAway = false;
  publisher.busConnected();
  await waitFor(() => published.length >= 2, { what: 'they are published' });
  assert.deepEqual(published.toSorted(), [
    'hub/v1/firmware-status/r-1/d-1/downloading',
    'hub/v1/firmware-status/r-1/d-2/downloading',
  ]);
});
