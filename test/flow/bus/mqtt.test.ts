import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { connect as connectMqtt, type IClientPublishOptions } from 'mqtt';
import { createMqttBus, type MqttOptions } from '../../../hub/adapters/mqtt/mqtt.ts';
import type { Bus, BusHandlers, IncomingMessage } from '../../../hub/bus/bus.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import { log } from '../../helpers/hubs/dispatcher.ts';
import { mosquittoSub, type Subscription } from '../../helpers/services/mosquitto-clients.ts';
import {
  startMosquitto,
  type MosquittoBroker,
  type MosquittoOptions,
} from '../../helpers/services/mosquitto.ts';
import { startTcpProxy } from '../../helpers/services/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** What came in, and how it is dealt with: at once, unless `deal` is another. */
class RecordingHandlers implements BusHandlers {
  readonly messages: IncomingMessage[] = [];
  connections = 0;
  readonly losses: string[] = [];
  deal: (message: IncomingMessage) => Promise<void> = () => Promise.resolve();

  message(message: IncomingMessage): Promise<void> {
    this.messages.push(message);
    return this.deal(message);
  }

  connected(): void {
    this.connections++;
  }

  disconnected(reason: string): void {
    this.losses.push(reason);
  }

  otherHub(): void {}

  next(topic: string, where: (message: IncomingMessage) => boolean = () => true): Promise<IncomingMessage> {
    const wanted = (message: IncomingMessage): boolean => message.topic === topic && where(message);
    return waitFor(() => this.messages.find(wanted), { what: `a message on ${topic}`, timeoutMs: 10_000 });
  }
}

async function mosquitto(t: TestContext, options?: MosquittoOptions): Promise<MosquittoBroker> {
  const broker = await startMosquitto(options);
  t.after(() => broker.close());
  return broker;
}

async function bus(
  t: TestContext,
  url: string,
  handlers: RecordingHandlers,
  options: Partial<MqttOptions> = {},
): Promise<Bus> {
  const made = createMqttBus(
    { clock: systemClock, random: Math.random, log },
    { url, topics: topicsOf('hub/v1'), hubId: 'h1', incarnation: 'i-1', backoffMaxMs: 50, ...options },
  );
  t.after(() => made.close());
  await made.connect(handlers);
  return made;
}

async function subscribe(
  t: TestContext,
  port: number,
  filter: string,
  ...more: string[]
): Promise<Subscription> {
  const subscription = await mosquittoSub(['-p', String(port), '-q', '1', '-t', filter, ...more]);
  t.after(() => subscription.close());
  return subscription;
}

/** Publishes as an MQTT 5 client; resolves at the broker's PUBACK. */
async function publish(
  url: string,
  topic: string,
  payload: string,
  options: IClientPublishOptions = {},
): Promise<void> {
  const client = connectMqtt(url, { protocolVersion: 5, reconnectPeriod: 0 });
  await client.publishAsync(topic, payload, { qos: 1, ...options });
  await client.endAsync();
}

test('the hub says it is there, says good-bye, and its will speaks when it dies', async (t) => {
  const broker = await mosquitto(t);
  const proxy = await startTcpProxy(broker);
  t.after(() => proxy.close());
  const handlers = new RecordingHandlers();
  const first = await bus(t, `mqtt://127.0.0.1:${proxy.port}`, handlers);
  const states = await subscribe(t, broker.port, 'hub/v1/hub/h1');
  const birth = await states.next(
    'the birth',
    ({ payload }) => payload === '{"online":true,"incarnation":"i-1"}',
  );
  assert.equal(birth.retain, true);
  assert.equal(first.connected, true);
  assert.equal(first.fault, undefined);
  await proxy.refuse();
  proxy.cut();
  await states.next('the will', ({ payload }) => payload === '{"online":false,"incarnation":"i-1"}');
  await waitFor(() => !first.connected, { what: 'the loss is noticed' });
  await first.close();
  const second = await bus(t, broker.url, new RecordingHandlers(), { incarnation: 'i-2' });
  await states.next('another birth', ({ payload }) => payload === '{"online":true,"incarnation":"i-2"}');
  await second.close();
  await states.next('a good-bye', ({ payload }) => payload === '{"online":false,"incarnation":"i-2"}');
});

test('a command comes with its MQTT 5 properties, and a retained one is marked', async (t) => {
  const broker = await mosquitto(t);
  const handlers = new RecordingHandlers();
  await bus(t, broker.url, handlers);
  const properties = {
    responseTopic: 'answers/me',
    correlationData: Buffer.from([0, 255]),
    messageExpiryInterval: 60,
    userProperties: { 'idempotency-key': 'k-1' },
  };
  await publish(broker.url, 'hub/v1/command/d-1/look', '{"id":"c-1"}', { properties });
  const message = await handlers.next('hub/v1/command/d-1/look');
  assert.equal(Buffer.from(message.payload).toString(), '{"id":"c-1"}');
  assert.deepEqual(message.correlationData, properties.correlationData);
  assert.equal(message.responseTopic, 'answers/me');
  assert.equal(message.messageExpirySec, 60);
  assert.deepEqual({ ...message.userProperties }, properties.userProperties);
  assert.deepEqual([message.retain, message.dup, message.waited], [false, false, false]);
  await publish(broker.url, 'hub/v1/cancel/d-1/c-1', '', { retain: true });
  assert.equal((await handlers.next('hub/v1/cancel/d-1/c-1')).retain, true);
});

test('what was retained before the hub came is not delivered', async (t) => {
  const broker = await mosquitto(t);
  await publish(broker.url, 'hub/v1/command/d-1/look', '{}', { retain: true });
  const handlers = new RecordingHandlers();
  await bus(t, broker.url, handlers);
  await publish(broker.url, 'hub/v1/command/d-1/other', '{}');
  await handlers.next('hub/v1/command/d-1/other');
  assert.equal(handlers.messages.length, 1);
});

test('a message is PUBACKed only when it was dealt with: a lost link brings it again, marked DUP', async (t) => {
  const broker = await mosquitto(t);
  const proxy = await startTcpProxy(broker);
  t.after(() => proxy.close());
  const handlers = new RecordingHandlers();
  const held = Promise.withResolvers<void>();
  handlers.deal = () => held.promise;
  const opened = await bus(t, `mqtt://127.0.0.1:${proxy.port}`, handlers);
  await publish(broker.url, 'hub/v1/command/d-1/look', '{"id":"c-1"}');
  const first = await handlers.next('hub/v1/command/d-1/look');
  proxy.cut();
  await waitFor(() => opened.counters.connections === 2, { what: 'the second connection' });
  assert.equal(handlers.messages.length, 1, 'the second delivery waits for the first');
  held.resolve();
  const second = await handlers.next('hub/v1/command/d-1/look', ({ dup }) => dup);
  assert.deepEqual([second.packetId, second.session], [first.packetId, first.session]);
  await waitFor(() => opened.connected, { what: 'the hub is ready again' });
  proxy.cut();
  await waitFor(() => handlers.connections === 3, { what: 'the third connection' });
  await publish(broker.url, 'hub/v1/command/d-1/last', '{}');
  await handlers.next('hub/v1/command/d-1/last');
  assert.equal(handlers.messages.length, 3, 'what was PUBACKed does not come again');
});

test('a message that could not be dealt with is not PUBACKed and comes again', async (t) => {
  const broker = await mosquitto(t);
  const handlers = new RecordingHandlers();
  handlers.deal = ({ dup }) => (dup ? Promise.resolve() : Promise.reject(new HubError('database-failed')));
  await bus(t, broker.url, handlers);
  await publish(broker.url, 'hub/v1/command/d-1/look', '{}');
  await handlers.next('hub/v1/command/d-1/look', ({ dup }) => dup);
  assert.equal(handlers.losses.length, 1);
});

test('what waited in the broker is marked, with the time that is left, until the marker passes', async (t) => {
  const broker = await mosquitto(t);
  const handlers = new RecordingHandlers();
  await (await bus(t, broker.url, handlers)).close();
  await publish(broker.url, 'hub/v1/command/d-1/old', '{}');
  await publish(broker.url, 'hub/v1/command/d-1/timed', '{}', { properties: { messageExpiryInterval: 30 } });
  await bus(t, broker.url, handlers);
  assert.equal((await handlers.next('hub/v1/command/d-1/old')).waited, true);
  const timed = await handlers.next('hub/v1/command/d-1/timed');
  assert.ok(timed.messageExpirySec !== undefined && timed.messageExpirySec <= 30);
  const fresh = waitFor(
    async () => {
      await publish(broker.url, 'hub/v1/command/d-1/new', '{}');
      return handlers.messages.some(
        ({ topic, waited }) => topic === 'hub/v1/command/d-1/new' && waited === false,
      );
    },
    { what: 'a message after the marker' },
  );
  assert.equal(await fresh, true);
});

test('QoS 1 messages published while the link is down arrive in order when it is back; QoS 0 ones are counted', async (t) => {
  const broker = await mosquitto(t);
  const proxy = await startTcpProxy(broker);
  t.after(() => proxy.close());
  const handlers = new RecordingHandlers();
  const opened = await bus(t, `mqtt://127.0.0.1:${proxy.port}`, handlers);
  const statuses = await subscribe(t, broker.port, 'hub/v1/status/#');
  await proxy.refuse();
  proxy.cut();
  await waitFor(() => handlers.losses.length === 1, { what: 'the loss is noticed' });
  assert.equal(opened.connected, false);
  assert.notEqual(opened.fault, undefined);
  const published = Array.from({ length: 300 }, (_, at) =>
    opened.publish({ topic: `hub/v1/status/d-1/c-${at}/sent`, payload: String(at), qos: 1 }),
  );
  assert.equal(opened.broadcast('hub/v1/telemetry/d-1/env', '{}'), false);
  assert.equal(opened.counters.dropped, 1);
  await proxy.resume();
  await Promise.all(published);
  await statuses.next('the last status', ({ payload }) => payload === '299');
  assert.deepEqual(
    statuses.messages.map(({ payload }) => Number(payload)),
    Array.from({ length: 300 }, (_, at) => at),
  );
  assert.equal(handlers.connections, 2);
});

test('readings leave together and arrive one by one, whole, in order, whatever their length', async (t) => {
  const broker = await mosquitto(t);
  const opened = await bus(t, `mqtt://127.0.0.1:${broker.port}`, new RecordingHandlers());
  const readings = await subscribe(t, broker.port, 'hub/v1/telemetry/#');
  // Around each step of the Remaining Length's bytes, and with characters of one to four bytes.
  const lengths = [0, 1, 90, 100, 110, 127, 128, 16_340, 16_383, 16_384, 70_000, 2_097_152];
  const payloads = lengths.map((length, at) => `${at}${'x'.repeat(length)}é€😀`);
  for (const payload of payloads) assert.equal(opened.broadcast('hub/v1/telemetry/d-1/env', payload), true);
  await readings.next('the last reading', ({ payload }) => payload === payloads.at(-1));
  assert.deepEqual(
    readings.messages.map(({ payload }) => payload),
    payloads,
  );
  assert.equal(opened.counters.dropped, 0);
});

test('what is published with QoS 1 does not overtake the readings before it', async (t) => {
  const broker = await mosquitto(t);
  const opened = await bus(t, `mqtt://127.0.0.1:${broker.port}`, new RecordingHandlers());
  const all = await subscribe(t, broker.port, 'hub/v1/#');
  opened.broadcast('hub/v1/telemetry/d-1/env', '1');
  await opened.publish({ topic: 'hub/v1/event/d-1/door', payload: '2', qos: 1 });
  opened.broadcast('hub/v1/telemetry/d-1/env', '3');
  await all.next('the last', ({ payload }) => payload === '3');
  const order = all.messages.map(({ payload }) => payload).filter((payload) => /^\d$/.test(payload));
  assert.deepEqual(order, ['1', '2', '3']);
});

test('a reading above the Maximum Packet Size of the broker is dropped and counted, and the connection stays', async (t) => {
  const broker = await mosquitto(t, { config: ['max_packet_size 2000'] });
  const handlers = new RecordingHandlers();
  const opened = await bus(t, `mqtt://127.0.0.1:${broker.port}`, handlers);
  assert.equal(opened.broadcast('hub/v1/telemetry/d-1/env', 'x'.repeat(4_000)), false);
  assert.equal(opened.counters.tooLong, 1);
  assert.match(opened.limitation ?? '', /at most 2000 bytes/);
  await opened.publish({ topic: 'hub/v1/event/d-1/door', payload: '{}', qos: 1 });
  assert.deepEqual(handlers.losses, []);
});

test('a link that dies while messages are on their way loses none of them', async (t) => {
  const broker = await mosquitto(t);
  const proxy = await startTcpProxy(broker);
  t.after(() => proxy.close());
  const opened = await bus(t, `mqtt://127.0.0.1:${proxy.port}`, new RecordingHandlers());
  const statuses = await subscribe(t, broker.port, 'hub/v1/status/#');
  const published: Promise<void>[] = [];
  for (let at = 0; at < 1_000; at++) {
    published.push(opened.publish({ topic: `hub/v1/status/d-1/c-${at}/sent`, payload: String(at), qos: 1 }));
    if (at % 200 === 199) {
      await published[at - 150];
      proxy.cut();
    }
  }
  await Promise.all(published);
  const arrived = (): Set<string> => new Set(statuses.messages.map(({ payload }) => payload));
  await waitFor(() => arrived().size === 1_000, { what: 'every status' });
  assert.ok(opened.counters.connections > 1);
});

test('a killed broker is found again after its restart, and gets what was published meanwhile', async (t) => {
  const broker = await mosquitto(t);
  const handlers = new RecordingHandlers();
  const opened = await bus(t, broker.url, handlers);
  await broker.kill();
  await waitFor(() => handlers.losses.length === 1, { what: 'the loss is noticed' });
  const published = opened.publish({ topic: 'hub/v1/event/d-1/door', payload: '{}', qos: 1 });
  await broker.restart();
  await published;
  await publish(broker.url, 'hub/v1/command/d-1/look', '{}');
  await handlers.next('hub/v1/command/d-1/look');
});

test('a broker that is not there at the start does not stop the hub', async (t) => {
  const broker = await mosquitto(t);
  await broker.stop();
  const handlers = new RecordingHandlers();
  const opened = await bus(t, broker.url, handlers);
  assert.equal(opened.connected, false);
  assert.match(opened.fault ?? '', /ECONNREFUSED/);
  const published = opened.publish({ topic: 'hub/v1/event/d-1/door', payload: '{}', qos: 1 });
  await broker.restart();
  await published;
  assert.equal(handlers.connections, 1);
});

test('a broker that accepts and never answers is given up after the connect timeout', async (t) => {
  const broker = await mosquitto(t);
  broker.pause();
  const handlers = new RecordingHandlers();
  const opened = await bus(t, broker.url, handlers, { connectTimeoutMs: 300 });
  assert.match(opened.fault ?? '', /connack timeout/);
  broker.resume();
  await waitFor(() => handlers.connections === 1, { what: 'the connection' });
});

test('a wrong password is said, and tried again', async (t) => {
  const broker = await mosquitto(t, { users: { hub: 'right' } });
  const handlers = new RecordingHandlers();
  const opened = await bus(t, broker.url, handlers, { username: 'hub', password: 'wrong' });
  assert.equal(opened.connected, false);
  assert.match(opened.fault ?? '', /not authori[sz]ed/i);
  await bus(t, broker.url, handlers, { username: 'hub', password: 'right', hubId: 'h2' });
  assert.equal(handlers.connections, 1);
});

test('what the broker forbids is refused for good, and nothing else waits behind it', async (t) => {
  const broker = await mosquitto(t, { acl: ['topic readwrite hub/#'] });
  const opened = await bus(t, broker.url, new RecordingHandlers());
  const forbidden = opened.publish({ topic: 'elsewhere', payload: '{}', qos: 1 });
  await assert.rejects(forbidden, (error) => error instanceof HubError && error.code === 'bus-refused');
  await opened.publish({ topic: 'hub/v1/event/d-1/door', payload: '{}', qos: 1 });
  assert.equal(opened.connected, true);
});

test('a subscription that is not granted is a fault, not a silence', async (t) => {
  // A broker in bytes: CONNACK, then a SUBACK that grants all filters but one [MQTT 5 §3.2, §3.9].
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (packet) => {
      if (packet[0] === 0x10) socket.write(Uint8Array.of(0x20, 3, 0, 0, 0));
      if (packet[0] === 0x82)
        socket.write(Uint8Array.of(0x90, 7, packet[2] ?? 0, packet[3] ?? 0, 0, 1, 0x87, 1, 1));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address !== 'string');
  const handlers = new RecordingHandlers();
  const opened = await bus(t, `mqtt://127.0.0.1:${address.port}`, handlers);
  assert.equal(opened.connected, false);
  assert.match(opened.fault ?? '', /not authorized/i);
  assert.equal(handlers.connections, 0);
});

test('closing gives up what the broker never took, and says so', async (t) => {
  const broker = await mosquitto(t);
  await broker.stop();
  const opened = await bus(t, broker.url, new RecordingHandlers());
  const published = opened.publish({ topic: 'hub/v1/event/d-1/door', payload: '{}', qos: 1 });
  const outcome = assert.rejects(
    published,
    (error) => error instanceof HubError && error.code === 'bus-unavailable',
  );
  await opened.close();
  await outcome;
  await assert.rejects(opened.publish({ topic: 'hub/v1/event/d-1/door', payload: '{}', qos: 1 }));
  assert.equal(opened.counters.unavailable, 2);
});

test('what is published before the first connection is queued, and arrives with it', async (t) => {
  const broker = await mosquitto(t);
  const events = await subscribe(t, broker.port, 'hub/v1/event/#');
  const made = createMqttBus(
    { clock: systemClock, random: Math.random, log },
    { url: broker.url, topics: topicsOf('hub/v1'), hubId: 'h1', incarnation: 'i-1' },
  );
  t.after(() => made.close());
  const early = made.publish({ topic: 'hub/v1/event/d-1/early', payload: '{}', qos: 1 });
  assert.equal(made.broadcast('hub/v1/telemetry/d-1/lost', '{}'), false);
  assert.deepEqual([made.connected, made.queued, made.counters.dropped], [false, 1, 1]);
  await made.connect(new RecordingHandlers());
  await early;
  await events.next('the early event', ({ topic }) => topic === 'hub/v1/event/d-1/early');
  assert.equal(made.queued, 0);
});
