import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectMqtt } from 'mqtt';
import { finalStatuses } from '../../../schemas/command-status.ts';
import { startCommandedDevice } from '../../helpers/devices/commanded-device.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { startTcpProxy } from '../../helpers/services/tcp-proxy.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const finals: ReadonlySet<string> = new Set(finalStatuses);

test('two hubs with one root at one broker say so, and every command ends in one final status', async (t) => {
  const broker = await startMosquitto();
  const link = await startTcpProxy(broker);
  const one = await startInProcessHub(t, { HUB_MQTT_URL: `mqtt://127.0.0.1:${link.port}` });
  const two = await startInProcessHub(t, { HUB_MQTT_URL: broker.url });
  t.after(async () => {
    await link.close();
    await broker.close();
  });
  const stateOf = (hub: InProcessHub) => hub.ask('GET /readyz', {});
  const idOf = async (hub: InProcessHub): Promise<string> => (await hub.ask('GET /api/v1/hub', {})).hubId;
  const incidentsOf = async (hub: InProcessHub): Promise<string[]> => {
    const { incidents } = await hub.ask('GET /api/v1/incidents', {});
    return incidents.map(({ kind, state, subject }) => `${kind} ${state} ${subject}`);
  };
  for (const [hub, other] of [
    [one, two],
    [two, one],
  ] as const) {
    const otherId = await idOf(other);
    const readiness = await waitFor(
      async () => {
        const now = await stateOf(hub);
        return now.degraded.includes('bus') && now;
      },
      { what: 'each hub notices the other' },
    );
    assert.deepEqual([readiness.ready, readiness.state], [true, 'degraded']);
    assert.deepEqual(await incidentsOf(hub), [`shared-topics open ${otherId}`]);
    assert.match(readiness.parts['bus']?.reason ?? '', new RegExp(`another hub .*${otherId}.*HUB_MQTT_ROOT`));
  }

  await one.add(['of-one']);
  await two.add(['of-two']);
  const caller = connectMqtt(broker.url, { protocolVersion: 5 });
  t.after(() => caller.end(true));
  const statuses = new Map<string, string[]>();
  caller.on('message', (topic) => {
    const [device = '', id = '', status = ''] = topic.split('/').slice(3);
    if (!finals.has(status)) return;
    const key = `${device}/${id}`;
    statuses.set(key, [...(statuses.get(key) ?? []), status]);
  });
  await caller.subscribeAsync('hub/v1/status/#', { qos: 1 });
  for (const [hub, id] of [
    [one, 'of-one'],
    [two, 'of-two'],
  ] as const) {
    await startCommandedDevice(t, hub, { id }, { identify: () => ({ status: 'succeeded' }) });
  }
  const send = (topic: string, payload: object): Promise<unknown> =>
    caller.publishAsync(`hub/v1/${topic}`, JSON.stringify(payload), { qos: 1 });
  await send('command/of-one/identify', { id: 'c-1' });
  await send('command/of-two/identify', { id: 'c-2' });
  await send('command/of-two/identify', { id: 'c-3', params: 7 });
  await send('cancel/of-one/c-4', {});
  await waitFor(() => statuses.size >= 4, { what: 'every request is answered' });
  // What comes in later is behind everything before: both hubs answer in the order of the requests of a device.
  for (const device of ['of-one', 'of-two']) {
    await send(`command/${device}/identify`, { id: 'last' });
    await waitFor(() => statuses.has(`${device}/last`), { what: `${device} is answered` });
  }
  assert.deepEqual(
    [...statuses].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['of-one/c-1', ['succeeded']],
      ['of-one/c-4', ['rejected']],
      ['of-one/last', ['succeeded']],
      ['of-two/c-2', ['succeeded']],
      ['of-two/c-3', ['rejected']],
      ['of-two/last', ['succeeded']],
    ],
  );

  // A connection that breaks and comes back is no news.
  const secondId = await idOf(two);
  const reasonOf = async (): Promise<string> => (await stateOf(one)).parts['bus']?.reason ?? '';
  link.cut();
  await waitFor(async () => !(await reasonOf()).includes('another hub'), { what: 'the link is cut' });
  await waitFor(async () => (await reasonOf()).includes('another hub'), { what: 'the link is back' });
  assert.deepEqual(await incidentsOf(one), [`shared-topics open ${secondId}`]);

  // One goes: the other is whole again, and answers for devices that nobody has.
  await two.hub.close();
  await waitFor(async () => (await stateOf(one)).parts['bus']?.ok === true, { what: 'the other is gone' });
  assert.deepEqual(await incidentsOf(one), [`shared-topics closed ${secondId}`]);
  await send('command/nobody/identify', { id: 'c-5' });
  await waitFor(() => statuses.has('nobody/c-5'), { what: 'a device that nobody has is refused' });
});
