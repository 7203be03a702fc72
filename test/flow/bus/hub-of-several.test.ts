import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectMqtt } from 'mqtt';
import { createMqttBus, type MqttOptions } from '../../../hub/adapters/mqtt/mqtt.ts';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import { log } from '../../helpers/hubs/dispatcher.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('a hub that was alone and is now one of several gets each request once, and takes no other for a stranger', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const heard: string[] = [];
  const connect = async (role: MqttOptions['role'], name = String(role)) => {
    const { url } = broker;
    const topics = topicsOf('hub/v1');
    const bus = createMqttBus(
      { clock: systemClock, random: Math.random, log },
      { url, topics, hubId: 'h1', incarnation: 'i-1', role },
    );
    t.after(() => bus.close());
    await bus.connect({
      message: ({ topic }) => {
        heard.push(`${name}: ${topic}`);
        return Promise.resolve();
      },
      connected: () => undefined,
      disconnected: () => undefined,
      otherHub: (hub) => void heard.push(`${name}: other hub ${hub}`),
    });
    return bus;
  };
  const caller = connectMqtt(broker.url, { protocolVersion: 5 });
  t.after(() => caller.end(true));
  const publish = (topic: string, payload: string) => caller.publishAsync(topic, payload, { qos: 1 });

  await (await connect(undefined, 'alone')).close();
  await publish('hub/v1/command/d-1/waits-for-it', '{}');
  await publish('hub/v1/hub/h2', '{"online":true}');
  await connect('hub');
  await connect('gate');
  await publish('hub/v1/command/d-1/identify', '{}');
  await publish('hub/v1/hub/h3', '{"online":true}');
  // The session of the hub is behind what it would have been given before.
  await publish('hub/v1/hub/h1/marker', 'last');
  await publish('hub/v1/command/d-1/last', '{}');
  await waitFor(() => heard.includes('gate: hub/v1/command/d-1/last'), { what: 'the last request' });
  assert.deepEqual(heard, [
    'hub: hub/v1/command/d-1/waits-for-it',
    'gate: hub/v1/command/d-1/identify',
    'gate: hub/v1/command/d-1/last',
  ]);
});
