import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Discovery } from '../../../hub/home-assistant/discovery.ts';
import { addFirmware } from '../../helpers/firmware/add-firmware.ts';
import { discoveryFaults } from '../../helpers/home-assistant/discovery-faults.ts';
import { renderAll } from '../../helpers/home-assistant/jinja.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Sees what Home Assistant would see: the newest payload of each topic, and how often each came. */
async function watch(t: TestContext, client: MqttClient, filters: string[]) {
  const newest = new Map<string, string>();
  const counts = new Map<string, number>();
  client.on('message', (topic, payload) => {
    newest.set(topic, payload.toString());
    counts.set(topic, (counts.get(topic) ?? 0) + 1);
  });
  t.after(() => client.endAsync());
  await client.subscribeAsync(filters, { qos: 1 });
  return { newest, counts };
}

const config = (device: string): string => `homeassistant/device/${device}/config`;

test('Home Assistant finds a device, shows what it sends, sets it, and forgets it when it is removed', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const hub = await startInProcessHub(t, { HUB_MQTT_URL: broker.url, HUB_HOME_ASSISTANT: 'on' });
  const client = await connectAsync(broker.url, { protocolVersion: 5 });
  const { newest, counts } = await watch(t, client, ['homeassistant/#', 'hub/v1/#']);
  await hub.add(['d-1', 'd-2']);
  await waitFor(() => newest.has(config('d-1')) && newest.has(config('d-2')), {
    what: 'devices are announced',
  });
  const discovery = JSON.parse(newest.get(config('d-1')) ?? '') as Discovery;
  assert.deepEqual(discoveryFaults(discovery), []);
  const { components } = discovery;
  const shown = (key: string): string => {
    const { state_topic = '', value_template } = components[key] ?? {};
    const value = newest.get(state_topic) ?? '';
    return value_template === undefined ? value : (renderAll([{ template: value_template, value }])[0] ?? '');
  };
  const set = async (key: string, value: unknown): Promise<void> => {
    const { command_topic = '', command_template: template = '' } = components[key] ?? {};
    await client.publishAsync(command_topic, renderAll([{ template, value }])[0] ?? '', { qos: 1 });
  };

  const device = await openRaw(hub.device('d-1'), { firmware: '1.0.0' });
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, stream: 'env', ts: Date.now(), data: { temperature: 21.5 } });
  await waitFor(() => newest.has('hub/v1/telemetry/d-1/env'), { what: 'a reading' });
  assert.equal(shown('reading_env_temperature'), '21.5');
  await waitFor(() => newest.has('hub/v1/presence/d-1') && shown('connectivity') === 'ON', {
    what: 'it is there',
  });

  await set('setting_intervalSec', 45);
  assert.deepEqual((await device.next('desired')).state, { intervalSec: 45 });
  await waitFor(() => newest.has('hub/v1/twin/d-1') && shown('setting_intervalSec') === '45', {
    what: 'it is shown',
  });
  await set('command_identify', 'PRESS');
  assert.equal((await device.next('command'))['name'], 'identify');

  const firmware = 'homeassistant/device/d-1/firmware';
  await waitFor(() => newest.has(firmware), { what: 'its firmware' });
  assert.deepEqual(JSON.parse(shown('firmware')), { installed_version: '1.0.0', latest_version: '1.0.0' });
  await addFirmware(hub, Buffer.from('firmware'));
  await waitFor(() => newest.get(firmware)?.includes('2.0.0') === true, { what: 'a newer firmware' });

  await hub.ask('DELETE /api/v1/devices/{id}', { params: { id: 'd-1' } });
  await waitFor(() => newest.get(config('d-1')) === '' && newest.get(firmware) === '', {
    what: 'it is forgotten',
  });
  assert.equal(counts.get(config('d-2')), 1, 'nothing is said twice');
});

test('a restart publishes nothing again but what has changed meanwhile', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const env = { HUB_MQTT_URL: broker.url, HUB_HOME_ASSISTANT: 'on' };
  const hub = await startInProcessHub(t, env);
  await hub.add(['d-1', 'd-2']);
  const client = await connectAsync(broker.url, { protocolVersion: 5 });
  const { newest, counts } = await watch(t, client, ['homeassistant/#']);
  await waitFor(() => newest.has(config('d-1')) && newest.has(config('d-2')), {
    what: 'devices are announced',
  });
  const before = new Map(counts);
  // Somebody clears one, and one is left over of a device that the hub does not know any more.
  await client.publishAsync(config('d-2'), '', { qos: 1, retain: true });
  const left = (newest.get(config('d-1')) ?? '').replaceAll('d-1', 'gone');
  await client.publishAsync(config('gone'), left, { qos: 1, retain: true });
  await hub.restart();
  await waitFor(() => newest.get(config('d-2')) !== '' && newest.get(config('gone')) === '', {
    what: 'it is mended',
  });
  assert.equal(counts.get(config('d-1')), before.get(config('d-1')), 'the broker had it');
});

test('Home Assistant may use the embedded broker: it may say there that it has come', async (t) => {
  const hub = await startInProcessHub(t, { HUB_HOME_ASSISTANT: 'on', HUB_BROKER_ANONYMOUS: 'operator' });
  const client = await connectAsync(hub.hub.brokerUrl ?? '', {
    protocolVersion: 4,
    will: { topic: 'homeassistant/status', payload: Buffer.from('offline'), qos: 0, retain: true },
  });
  let closed = false;
  client.on('close', () => (closed = true));
  const { newest } = await watch(t, client, ['homeassistant/#']);
  await client.publishAsync('homeassistant/status', 'online', { qos: 1, retain: true });
  await hub.add(['d-1']);
  await waitFor(() => newest.has(config('d-1')), { what: 'the device is announced' });
  assert.equal(closed, false);
});
