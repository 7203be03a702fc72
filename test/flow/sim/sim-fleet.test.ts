import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Device } from '../../../sdk/typescript/src/node.ts';
import { SimulatedDevice, type SimulatedDeviceOptions } from '../../../device-sim/device/device.ts';
import { startFleet } from '../../../device-sim/device/fleet.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startScriptedHub } from '../../helpers/hubs/scripted-hub.ts';
import { eventOf, waitFor } from '../../helpers/wait-for.ts';

/** A device with an open session, on a clock turned by hand. */
async function online(t: TestContext, type: string, overrides: Partial<SimulatedDeviceOptions> = {}) {
  const clock = new ManualClock();
  const hub = await startScriptedHub(t);
  const clients: Device[] = [];
  const device = new SimulatedDevice({
    url: hub.url,
    id: 'd-1',
    secret: 's',
    type,
    seed: '1',
    clock,
    onClient: (client) => clients.push(client),
    ...overrides,
  });
  device.start();
  const [client] = clients;
  assert.ok(client !== undefined);
  t.after(() => clients.at(-1)?.close());
  const session = await hub.session();
  const [, hello] = await Promise.all([eventOf(client, 'welcome'), session.welcome({ now: clock.now() })]);
  const command = (id: string, name: string, params: Record<string, unknown> = {}): void => {
    const deadline = clock.now() + 60_000;
    session.send({ type: 'command', id, name, params, deadline, ttlMs: 60_000, safety: 'actuate' });
  };
  return { clock, hub, device, client, session, hello, command };
}

test('a sensor sends at its interval, and set-interval changes it', async (t) => {
  const { clock, device, session, command } = await online(t, 'env-sensor@1', { intervalSec: 10 });
  clock.advance(10_000);
  await session.next('telemetry');
  command('c1', 'set-interval', { seconds: 2 });
  assert.equal((await session.next('result')).status, 'succeeded');
  assert.equal(device.intervalSec, 2);
  const sent = device.counters.sent;
  clock.advance(10_000);
  assert.equal(device.counters.sent - sent, 5);
});

test('the same seed and time give the same reading over the wire', async (t) => {
  const readings = await Promise.all(
    ['a', 'a', 'b'].map(async (seed) => {
      const { clock, session } = await online(t, 'env-sensor@1', { seed, intervalSec: 10 });
      clock.advance(10_000);
      return session.next('telemetry');
    }),
  );
  assert.deepEqual(readings[0], readings[1]);
  assert.notDeepEqual(readings[0]?.data, readings[2]?.data);
});

test('a reboot waits for the hub to have the result, then is a new boot whose uptime begins again', async (t) => {
  const { clock, hub, session, hello, client, command } = await online(t, 'env-sensor@1');
  clock.advance(5000);
  command('c1', 'reboot');
  await session.next('result');
  assert.equal(client.isOpen, true);
  session.send({ type: 'ack', re: 'c1' });
  await session.closed;
  clock.advance(1500);
  const next = await (await hub.session()).next('hello');
  assert.notEqual(next.boot, hello.boot);
  assert.ok(next.t1 < 5000);
});

test('a valve moves to its position with progress, and its readings show it', async (t) => {
  const { clock, session, command } = await online(t, 'smart-valve@1');
  command('c0', 'close');
  await session.next('received');
  clock.advance(11_000);
  await session.next('result');
  command('c1', 'set-position', { percent: 30 });
  await session.next('received');
  clock.advance(3000);
  assert.equal((await session.next('progress')).re, 'c1');
  const { status, output } = await session.next('result');
  assert.deepEqual([status, output], ['succeeded', { position: 30 }]);
  clock.advance(10_000);
  const reading = await session.next('telemetry');
  assert.ok(typeof reading.data === 'object' && reading.data !== null && 'position' in reading.data);
  assert.equal(reading.data.position, 30);
});

test('a hanging device says nothing more, and one whose network vanished answers no ping', async (t) => {
  const hanging = await online(t, 'env-sensor@1', { intervalSec: 1 });
  await hanging.session.next('reported');
  hanging.device.behave('hang');
  hanging.clock.advance(60_000);
  await hanging.session.ping();
  assert.deepEqual(hanging.session.pending(), []);
  const gone = await online(t, 'env-sensor@1', { intervalSec: 1 });
  gone.device.behave('silent-drop');
  await assert.rejects(gone.session.ping(300));
});

test('a fleet connects one after another, counts together and leaves with goodbyes', async (t) => {
  const hub = await startScriptedHub(t);
  const members = ['a', 'b', 'c'].map((id) => ({ id, secret: 's', type: 'traffic-detector@1' }));
  const fleet = startFleet({ url: hub.url, seed: '1', members, staggerMs: 60, intervalSec: 0.05 });
  t.after(() => fleet.close());
  const sessions = [await hub.session(), await hub.session(), await hub.session()];
  await Promise.all(sessions.map((session) => session.welcome()));
  await waitFor(() => fleet.counters().online === 3, { what: 'three devices are online' });
  for (const session of sessions) session.send({ type: 'ack', upTo: (await session.next('telemetry')).seq });
  await waitFor(() => fleet.counters().stored >= 3, { what: 'three readings are stored' });
  const closed = fleet.close();
  for (const session of sessions) {
    await session.next('bye');
    session.close(1000, '{"code":"bye"}');
  }
  await closed;
  assert.equal(fleet.counters().online, 0);
});
