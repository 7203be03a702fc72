import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
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

/** The bus of one of several hubs, with a retained state that waits for the broker, and what its broker tells others. */
async function heldBack(t: TestContext, mayAct: () => boolean) {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const heard: string[] = [];
  const listener = connectMqtt(broker.url, { protocolVersion: 5 });
  t.after(() => listener.end(true));
  listener.on('message', (topic, payload) => heard.push(`${topic} ${String(payload)}`));
  await listener.subscribeAsync('hub/v1/#', { qos: 1 });
  const topics = topicsOf('hub/v1');
  const bus = createMqttBus(
    { clock: systemClock, random: Math.random, log },
    { url: broker.url, topics, hubId: 'h1', incarnation: 'i-1', role: 'hub', mayAct },
  );
  t.after(() => bus.close());
  const waiting = bus.publish({ topic: 'hub/v1/presence/d-1', payload: 'old', qos: 1, retain: true });
  waiting.catch(() => undefined);
  await bus.connect({
    message: () => Promise.resolve(),
    connected: () => undefined,
    disconnected: () => undefined,
    otherHub: () => undefined,
  });
  return { bus, heard, waiting };
}

test('a hub that may not act holds back what has waited for the broker, readings excepted, and says it once it may', async (t) => {
  let may = false;
  const { bus, heard, waiting } = await heldBack(t, () => may);
  bus.broadcast('hub/v1/telemetry/d-1/env', 'a reading');
  await waitFor(() => heard.some((each) => each.endsWith('a reading')), { what: 'the reading' });
  assert.ok(!heard.some((each) => each.endsWith('old')), heard.join());
  may = true;
  await waiting;
  await waitFor(() => heard.includes('hub/v1/presence/d-1 old'), { what: 'what had waited' });
});

test('a hub that ends while it may not act says nothing of its own, and the broker says that it is gone', async (t) => {
  const { bus, heard, waiting } = await heldBack(t, () => false);
  await bus.close();
  await assert.rejects(waiting, { code: 'bus-unavailable' });
  const isGone = (each: string): boolean =>
    each.startsWith('hub/v1/hub/h1 ') && each.includes('"online":false');
  await waitFor(() => heard.some(isGone), { what: 'the will' });
  assert.ok(!heard.some((each) => each.endsWith('old')), heard.join());
});
