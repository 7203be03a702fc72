import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { connect as connectMqtt } from 'mqtt';
import { createMqttBus } from '../../../hub/adapters/mqtt/mqtt.ts';
import type { Bus } from '../../../hub/bus/bus.ts';
import type { Dispatcher } from '../../../hub/commands/dispatcher.ts';
import { commandMigrations, createCommandStore } from '../../../hub/adapters/sqlite/sqlite-command-store.ts';
import { openDatabase } from '../../../hub/adapters/sqlite/sqlite.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import { FakeSession, log, startServed, valve } from '../../helpers/hubs/dispatcher.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { mosquittoPub, mosquittoSub } from '../../helpers/services/mosquitto-clients.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { startTcpProxy, type TcpProxy } from '../../helpers/services/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A device that does everything at once and says so. */
class EagerSession extends FakeSession {
  readonly done: string[] = [];
  dispatcher: Dispatcher | undefined;

  override send(frame: Parameters<FakeSession['send']>[0]): boolean {
    if (frame.type === 'command') {
      this.done.push(frame.id);
      setImmediate(() =>
        this.dispatcher?.result(this, { type: 'result', re: frame.id, status: 'succeeded' }),
      );
    }
    return super.send(frame);
  }
}

/** Dispatcher and bus over one journal, behind a link that can be cut. */
async function startHub(
  t: TestContext,
  proxy: TcpProxy,
): Promise<{ dispatcher: Dispatcher; bus: Bus; session: EagerSession }> {
  const folder = temporaryFolder('mqtt-commands');
  const database = await openDatabase({ file: `${folder.path}/state.db`, migrations: commandMigrations });
  const bus = createMqttBus(
    { clock: systemClock, random: Math.random, log },
    {
      url: `mqtt://127.0.0.1:${proxy.port}`,
      topics: topicsOf('hub/v1'),
      hubId: 'h1',
      incarnation: 'i-1',
      backoffMaxMs: 50,
    },
  );
  const { dispatcher, requests } = await startServed(
    {
      clock: systemClock,
      random: Math.random,
      journal: createCommandStore(database),
      audit: { record: () => Promise.resolve(), noted: () => undefined },
      directory: {
        commandedTypeOf: (device) => (device === 'd-1' ? valve : undefined),
        maxFrameBytesOf: () => 65_536,
      },
      publisher: bus,
    },
    { maxOpenPerDevice: 10_000 },
  );
  await bus.connect({
    message: (message) => requests.message(message),
    connected: () => dispatcher.busConnected(),
    disconnected: () => undefined,
    otherHub: () => undefined,
  });
  const session = new EagerSession('d-1');
  session.dispatcher = dispatcher;
  dispatcher.sessionOpened(session);
  t.after(async () => {
    await bus.close();
    await dispatcher.close();
    await database.close();
    folder.remove();
  });
  return { dispatcher, bus, session };
}

test('a real MQTT 5 client gets the final answer on its Response Topic, with its Correlation Data', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const proxy = await startTcpProxy(broker);
  t.after(() => proxy.close());
  await startHub(t, proxy);
  const answers = await mosquittoSub(['-p', String(broker.port), '-q', '1', '-t', 'answers/me']);
  t.after(() => answers.close());
  const request = [
    '-p',
    String(broker.port),
    '-q',
    '1',
    '-t',
    'hub/v1/command/d-1/move',
    '-m',
    '{"id":"c-1"}',
  ];
  const responseTopic = ['-D', 'publish', 'response-topic', 'answers/me'];
  await mosquittoPub([...request, ...responseTopic, '-D', 'publish', 'correlation-data', 'mine']);
  const answer = await answers.next('the answer', () => true);
  assert.equal(answer.correlationData, 'mine');
  assert.equal(answer.userProperties, 'status:succeeded');
  const body: unknown = JSON.parse(answer.payload);
  assert.ok(typeof body === 'object' && body !== null && 'status' in body);
  assert.equal(body.status, 'succeeded');
});

test('with the link to the broker cut again and again, every command is done once and answered once or more', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const proxy = await startTcpProxy(broker);
  t.after(() => proxy.close());
  const { bus, session } = await startHub(t, proxy);
  const finals = await mosquittoSub([
    '-p',
    String(broker.port),
    '-q',
    '1',
    '-t',
    'hub/v1/status/d-1/+/succeeded',
  ]);
  t.after(() => finals.close());
  const caller = connectMqtt(broker.url, { protocolVersion: 5 });
  t.after(() => caller.end(true));
  const count = 400;
  for (let at = 0; at < count; at++) {
    await caller.publishAsync(
      'hub/v1/command/d-1/queued',
      JSON.stringify({ id: `c-${at}`, params: { percent: 1 } }),
      {
        qos: 1,
        properties: { messageExpiryInterval: 60 },
      },
    );
    if (at % 80 === 79) proxy.cut();
  }
  const answered = (): Set<string> => new Set(finals.messages.map(({ topic }) => topic));
  await waitFor(() => answered().size === count, { what: 'every final status', timeoutMs: 20_000 });
  assert.equal(session.done.length, count);
  assert.equal(new Set(session.done).size, count);
  assert.ok(bus.counters.connections > 1);
});
