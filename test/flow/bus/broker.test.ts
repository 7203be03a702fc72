import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { test, type TestContext } from 'node:test';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { connect as connectMqtt, type IClientOptions, type MqttClient } from 'mqtt';
import type { BrokerAccess } from '../../../hub/adapters/broker/broker-access.ts';
import { createBroker, type Broker } from '../../../hub/adapters/broker/broker.ts';
import type { BusHandlers, IncomingMessage } from '../../../hub/bus/bus.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { log } from '../../helpers/hubs/dispatcher.ts';
import { mosquittoPub, mosquittoSub } from '../../helpers/services/mosquitto-clients.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Everybody may do everything: what operators may do has tests of its own. */
const access: BrokerAccess = {
  signIn: () => Promise.resolve({ actor: 'anonymous', role: 'operator', devices: '*', safety: 'critical' }),
  mayRequest: () => true,
  mayRead: () => true,
  mayReceive: () => true,
  requestRefused: () => undefined,
};

interface Open {
  broker: Broker;
  url: string;
  messages: IncomingMessage[];
  handlers: BusHandlers;
}

async function open(
  t: TestContext,
  deal: (message: IncomingMessage) => Promise<void> = () => Promise.resolve(),
): Promise<Open> {
  const messages: IncomingMessage[] = [];
  const handlers: BusHandlers = {
    message(message) {
      messages.push(message);
      return deal(message);
    },
    connected: () => undefined,
    disconnected: () => undefined,
    otherHub: () => undefined,
  };
  const options = { host: '127.0.0.1', port: 0, topics: topicsOf('hub/v1'), hubId: 'h1', incarnation: 'i-1' };
  const broker = createBroker({ log }, options);
  t.after(() => broker.close());
  await broker.connect(handlers, access);
  return { broker, url: `mqtt://127.0.0.1:${broker.port}`, messages, handlers };
}

/** A client whose reconnects are its own affair: errors and closes are what the tests look at. */
function client(t: TestContext, url: string, options: IClientOptions = {}): MqttClient {
  const made = connectMqtt(url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
  made.on('error', () => undefined);
  t.after(() => made.end(true));
  return made;
}

/** What the next event of this name brings; `error` before it does not fail the wait. */
function eventOf(from: MqttClient, name: 'connect' | 'close' | 'error'): Promise<unknown> {
  return new Promise((resolve) => {
    from.once(name, (value?: unknown) => resolve(value));
  });
}

test('a command is taken before its PUBACK goes out', async (t) => {
  const held = Promise.withResolvers<void>();
  const { url, messages } = await open(t, () => held.promise);
  const caller = client(t, url);
  let acknowledged = false;
  const published = caller.publishAsync('hub/v1/command/d-1/look', '{"id":"c-1"}', { qos: 1 }).then(() => {
    acknowledged = true;
  });
  await waitFor(() => messages.length === 1, { what: 'the command' });
  await waitFor(() => caller.connected, { what: 'the client is connected' });
  assert.equal(acknowledged, false);
  held.resolve();
  await published;
  const [message] = messages;
  assert.equal(Buffer.from(message?.payload ?? []).toString(), '{"id":"c-1"}');
  assert.deepEqual(
    [message?.retain, message?.dup, message?.session],
    [false, false, caller.options.clientId],
  );
});

test('a command that cannot be dealt with is not PUBACKed: the connection ends', async (t) => {
  const { url } = await open(t, () => Promise.reject(new HubError('database-failed')));
  const caller = client(t, url);
  let acknowledged = false;
  caller.publish('hub/v1/command/d-1/look', '{}', { qos: 1 }, (error) => {
    acknowledged = error === undefined || error === null;
  });
  await eventOf(caller, 'close');
  assert.equal(acknowledged, false);
});

test('commands of one client are taken one after another, in order', async (t) => {
  let busy = 0;
  const { url, messages } = await open(t, async () => {
    busy++;
    assert.equal(busy, 1);
    await new Promise((resolve) => setImmediate(resolve));
    busy--;
  });
  const caller = client(t, url);
  await Promise.all(
    Array.from({ length: 50 }, (_, at) => caller.publishAsync(`hub/v1/command/d-1/n${at}`, '{}', { qos: 1 })),
  );
  assert.deepEqual(
    messages.map(({ topic }) => topic),
    Array.from({ length: 50 }, (_, at) => `hub/v1/command/d-1/n${at}`),
  );
});

test('a retained command is marked, and not retained', async (t) => {
  const { url, messages } = await open(t);
  await client(t, url).publishAsync('hub/v1/command/d-1/look', '{}', { qos: 1, retain: true });
  assert.equal(messages[0]?.retain, true);
  const reader = client(t, url);
  const seen: string[] = [];
  reader.on('message', (topic) => seen.push(topic));
  await reader.subscribeAsync('hub/v1/#', { qos: 1 });
  await waitFor(() => seen.includes('hub/v1/hub/h1'), { what: 'the retained hub state' });
  assert.deepEqual(seen, ['hub/v1/hub/h1']);
});

test('nobody but the hub speaks of presence, status or anything outside the request topics', async (t) => {
  const { url, messages } = await open(t);
  const reader = client(t, url);
  const seen: string[] = [];
  reader.on('message', (topic) => seen.push(topic));
  await reader.subscribeAsync('#', { qos: 1 });
  for (const topic of [
    'hub/v1/presence/d-1',
    'hub/v1/status/d-1/c-1/succeeded',
    'hub/v1/hub/h1',
    'elsewhere',
  ]) {
    const forger = client(t, url);
    forger.publish(topic, 'forged', { qos: 1 });
    await eventOf(forger, 'close');
  }
  assert.deepEqual(messages, []);
  await client(t, url).publishAsync('hub/v1/command/d-1/look', '{}', { qos: 1 });
  await waitFor(() => seen.includes('hub/v1/command/d-1/look'), {
    what: 'the command, seen by a subscriber',
  });
  assert.deepEqual(seen, ['hub/v1/hub/h1', 'hub/v1/command/d-1/look']);
});

test('a will on a topic of the hub is refused with the connection, another one is never published', async (t) => {
  const { url, messages } = await open(t);
  for (const topic of ['hub/v1/command/d-1/look', 'hub/v1/presence/d-1']) {
    const refused = client(t, url, { will: { topic, payload: '{}', qos: 1 } });
    await eventOf(refused, 'close');
    assert.equal(refused.connected, false);
  }
  const reader = client(t, url);
  const seen: string[] = [];
  reader.on('message', (topic) => seen.push(topic));
  await reader.subscribeAsync('#', { qos: 1 });
  const dying = client(t, url, { will: { topic: 'elsewhere', payload: '{}', qos: 1 } });
  await eventOf(dying, 'connect');
  dying.stream.destroy();
  await client(t, url).publishAsync('hub/v1/command/d-1/last', '{}', { qos: 1 });
  await waitFor(() => seen.includes('hub/v1/command/d-1/last'), { what: 'the last command' });
  assert.ok(!seen.includes('elsewhere'));
  assert.equal(messages.length, 1);
});

test('a CONNECT that is refused is answered by its CONNACK, and what MQTT does not allow ends the connection', async (t) => {
  const { broker, messages } = await open(t);
  const name = [0, 4, ...Buffer.from('MQTT')];
  const text = (value: string): number[] => [0, value.length, ...Buffer.from(value)];
  const connects = (level: number, flags: number, ...rest: number[]): number[] => {
    const body = [...name, level, flags, 0, 60, ...rest];
    return [0x10, body.length, ...body];
  };
  const answered = async (bytes: number[]): Promise<number[]> => {
    const socket = connectTcp(broker.port, '127.0.0.1');
    const got: number[] = [];
    socket.on('data', (chunk) => got.push(...chunk));
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => {
      socket.once('close', resolve);
    });
    socket.write(Buffer.from(bytes));
    await closed;
    return got;
  };
  assert.deepEqual(await answered(connects(6, 2, ...text('c'))), [0x20, 2, 0, 1]);
  assert.deepEqual(await answered(connects(5, 2, 0, ...text('c'))), [0x20, 2, 0, 1]);
  assert.deepEqual(await answered(connects(4, 0, ...text(''))), [0x20, 2, 0, 2]);
  const will = [...text('c'), ...text('hub/v1/presence/d-1'), ...text('{}')];
  assert.deepEqual(await answered(connects(4, 6, ...will)), [0x20, 2, 0, 5]);
  const welcome = connects(4, 2, ...text('c'));
  const filter = [0x82, 8, 0, 1, ...text('a+/'), 1];
  assert.deepEqual(await answered([...welcome, ...filter]), [], 'a packet of the same chunk, not allowed');
  assert.equal(messages.length, 0);
  assert.ok(broker.counters.denied >= 3);
});

test('a QoS 2 packet sent twice is taken once', async (t) => {
  const { broker, messages } = await open(t);
  const socket = connectTcp(broker.port, '127.0.0.1');
  t.after(() => socket.destroy());
  const answers: Buffer[] = [];
  socket.on('data', (chunk) => answers.push(chunk));
  const connectPacket = Buffer.from([
    0x10,
    14,
    0,
    4,
    ...Buffer.from('MQTT'),
    4,
    2,
    0,
    0,
    0,
    2,
    ...Buffer.from('q2'),
  ]);
  const topic = Buffer.from('hub/v1/command/d-1/look');
  const publishPacket = (flags: number): Buffer =>
    Buffer.from([
      0x30 | flags,
      2 + topic.length + 2 + 2,
      0,
      topic.length,
      ...topic,
      0,
      5,
      ...Buffer.from('{}'),
    ]);
  socket.write(connectPacket);
  socket.write(publishPacket(0x04));
  socket.write(publishPacket(0x0c));
  const pubrecs = (): number => Buffer.concat(answers).toString('hex').split('50020005').length - 1;
  await waitFor(() => pubrecs() === 2, { what: 'two PUBRECs' });
  assert.equal(messages.length, 1);
  socket.write(Uint8Array.of(0x62, 2, 0, 5));
  await waitFor(() => Buffer.concat(answers).toString('hex').endsWith('70020005'), { what: 'the PUBCOMP' });
  socket.write(publishPacket(0x04));
  await waitFor(() => messages.length === 2, { what: 'a new message under the old id' });
});

test('what the hub publishes reaches subscribers, retained or not, and the real mosquitto clients', async (t) => {
  const { broker, messages } = await open(t);
  const version = ['-V', '311', '-p', String(broker.port), '-q', '1'];
  const reader = await mosquittoSub([...version, '-t', 'hub/v1/#']);
  t.after(() => reader.close());
  assert.equal((await reader.next('the birth', () => true)).payload, '{"online":true,"incarnation":"i-1"}');
  await broker.publish({ topic: 'hub/v1/presence/d-1', payload: '{"state":"online"}', qos: 1, retain: true });
  assert.equal(broker.broadcast('hub/v1/telemetry/d-1/env', '{}'), true);
  await reader.next('the telemetry', ({ topic }) => topic === 'hub/v1/telemetry/d-1/env');
  const late = await mosquittoSub([...version, '-t', 'hub/v1/presence/+']);
  t.after(() => late.close());
  assert.equal((await late.next('the presence', () => true)).retain, true);
  await mosquittoPub([...version, '-t', 'hub/v1/command/d-1/look', '-m', '{"id":"c-1"}']);
  assert.equal(messages.length, 1);
  await broker.close();
  await reader.next('the good-bye', ({ payload }) => payload.includes('"online":false'));
});

test('an MQTT 5 client is refused at connect', async (t) => {
  const { url } = await open(t);
  const refused = connectMqtt(url, { protocolVersion: 5, reconnectPeriod: 0 });
  t.after(() => refused.end(true));
  const error = await eventOf(refused, 'error');
  assert.ok(error instanceof Error);
  assert.match(error.message, /Unacceptable protocol version|Connection refused/);
});

test('no session outlives its connection', async (t) => {
  const { url, broker } = await open(t);
  const options = { clientId: 'keeper', clean: false };
  const keeper = client(t, url, options);
  await keeper.subscribeAsync('hub/v1/#', { qos: 1 });
  await keeper.endAsync();
  await broker.publish({ topic: 'hub/v1/status/d-1/c-1/sent', payload: '{}', qos: 1 });
  const back = client(t, url, options);
  const connack = await eventOf(back, 'connect');
  assert.ok(typeof connack === 'object' && connack !== null && 'sessionPresent' in connack);
  assert.equal(connack.sessionPresent, false);
});

test('an address in use is named with its setting and the way out', async (t) => {
  const { broker, handlers } = await open(t);
  const options = {
    host: '127.0.0.1',
    port: broker.port,
    topics: topicsOf('hub/v1'),
    hubId: 'h1',
    incarnation: 'i-1',
  };
  const second = createBroker({ log }, options).connect(handlers, access);
  await assert.rejects(second, (error) => {
    assert.ok(error instanceof HubError && error.code === 'address-in-use');
    assert.match(
      error.message,
      new RegExp(
        `127\\.0\\.0\\.1:${broker.port} \\(HUB_BROKER_LISTEN\\).*HUB_BROKER_LISTEN=127\\.0\\.0\\.1:0`,
      ),
    );
    return true;
  });
});

test('after close nothing is published, and the port is free', async (t) => {
  const { broker, handlers } = await open(t);
  const { port } = broker;
  await broker.close();
  assert.equal(broker.connected, false);
  await assert.rejects(broker.publish({ topic: 'hub/v1/event/d-1/door', payload: '{}', qos: 1 }));
  const options = { host: '127.0.0.1', port, topics: topicsOf('hub/v1'), hubId: 'h1', incarnation: 'i-2' };
  const second = createBroker({ log }, options);
  await second.connect(handlers, access);
  await second.close();
});

test('before it listens, a QoS 1 message is refused, a QoS 0 one dropped, and both are counted', async () => {
  const options = { host: '127.0.0.1', port: 0, topics: topicsOf('hub/v1'), hubId: 'h1', incarnation: 'i-1' };
  const broker = createBroker({ log }, options);
  await assert.rejects(
    broker.publish({ topic: 'hub/v1/event/d-1/early', payload: '{}', qos: 1 }),
    (error) => error instanceof HubError && error.code === 'bus-unavailable',
  );
  assert.equal(broker.broadcast('hub/v1/telemetry/d-1/early', '{}'), false);
  assert.deepEqual([broker.url, broker.connected, broker.fault], [undefined, false, 'not listening yet']);
  assert.deepEqual([broker.counters.unavailable, broker.counters.dropped], [1, 1]);
  await broker.close();
});

test('sockets on which nobody signs in keep no operator out', async (t) => {
  const { broker, url } = await open(t);
  const idle = [];
  for (let n = 0; n < 120; n += 1) {
    const socket = connectTcp(broker.port, '127.0.0.1');
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    idle.push(socket);
  }
  await waitFor(() => (broker.clientRefusals['pending'] ?? 0) >= 20, { what: 'the oldest are cut' });
  const good = client(t, url);
  await eventOf(good, 'connect');
  assert.equal(idle.filter(({ destroyed }) => !destroyed).length <= 100, true);
});

test('one operator has a share of the subscriptions, and takes none from others', async (t) => {
  const { broker, url } = await open(t);
  const greedy = client(t, url, { username: 'greedy' });
  await eventOf(greedy, 'connect');
  let granted = 0;
  for (let n = 0; n < 600; n += 100) {
    const filters = Array.from({ length: 100 }, (_, at) => `hub/v1/status/d-${n + at}/#`);
    const answers = await greedy.subscribeAsync(filters).catch(() => []);
    granted += answers.filter(({ qos }) => qos < 128).length;
  }
  assert.equal(granted, 500, 'of one connection');
  assert.equal(broker.clientRefusals['filters'], 100);
  await greedy.unsubscribeAsync('hub/v1/status/d-1/#');
  const [again] = await greedy.subscribeAsync('hub/v1/status/d-700/#');
  assert.equal(again?.qos, 0, 'what is given back can be had again');
  const other = client(t, url);
  await eventOf(other, 'connect');
  const [first] = await other.subscribeAsync('hub/v1/#');
  assert.equal(first?.qos, 0);
});

test('one operator has a share of the connections', async (t) => {
  const { broker, url } = await open(t);
  const open250 = Array.from({ length: 250 }, () => client(t, url));
  await Promise.all(open250.map((each) => eventOf(each, 'connect')));
  const refused = (await eventOf(client(t, url), 'error')) as { code?: number };
  assert.equal(refused.code, 3);
  assert.equal(broker.clientRefusals['connections'], 1);
});
