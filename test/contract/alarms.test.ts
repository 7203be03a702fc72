import assert from 'node:assert/strict';
import type { AlarmRow } from '../../hub/alarms/alarm-store.ts';
import type { StoredIncident } from '../../hub/incidents/incident-log.ts';
import { contract } from '../helpers/stores/store-kinds.ts';
import { storedDevice } from '../helpers/stores/stored-device.ts';

const text = `"ß" ' \u2028 \u0000`;

contract(
  'incidents come back after a restart as they were last told, open ones all and closed ones bounded',
  async (state) => {
    const incident = (id: string, sinceMs: number, now: 'open' | 'closed'): StoredIncident => ({
      id,
      sinceMs,
      state: now,
      kind: 'correlated-loss',
      scope: { by: 'site', value: 'Süd "1"' },
      devices: 2,
      sample: ['a'],
      members: now === 'open' ? ['a', 'b'] : [],
    });
    const { incidents } = state.stores;
    await incidents.save([incident('first', 1, 'open'), incident('second', 2, 'open')]);
    await incidents.save([incident('second', 2, 'open'), { ...incident('second', 2, 'closed'), untilMs: 9 }]);
    await state.restart();
    const again = state.stores.incidents;
    assert.deepEqual(await again.load(), [
      incident('first', 1, 'open'),
      { ...incident('second', 2, 'closed'), untilMs: 9 },
    ]);
    await again.save(Array.from({ length: 500 }, (_, n) => incident(`later-${n}`, 10 + n, 'closed')));
    const kept = await again.load();
    assert.deepEqual(
      [kept.length, kept[0]?.id, kept[1]?.id],
      [501, 'first', 'later-0'],
      'the oldest closed one went, the open one stays',
    );
  },
);

const alarm = (device: string, source: string, n: number): AlarmRow => ({
  device,
  source,
  n,
  kind: 'limit',
  severity: 'warning',
  text,
  value: 1.5,
  lasting: true,
  state: 'raised',
  count: 1,
  firstMs: 1.5,
  lastMs: 2.5,
});

contract(
  'alarms come back after a restart in the order in which they were raised, and go with their device',
  async (state) => {
    const { alarms, devices } = state.stores;
    await devices.add([storedDevice('a'), storedDevice('b')]);
    const rows = [alarm('b', 'offline', 3), alarm('', 'hub.store', 2), alarm('a', 'offline', 1)];
    await alarms.save([...rows, alarm('unknown', 'offline', 4), alarm('a', 'twin', 5)], [], []);
    await alarms.save([{ ...alarm('b', 'offline', 9), count: 2 }], [{ device: 'a', source: 'twin' }], []);
    await state.restart();
    const again = state.stores;
    assert.deepEqual(await again.alarms.load(), [
      alarm('a', 'offline', 1),
      alarm('', 'hub.store', 2),
      { ...alarm('b', 'offline', 9), count: 2 },
    ]);
    await again.devices.remove('b');
    await again.devices.remove('a');
    assert.deepEqual(await again.alarms.load(), [alarm('', 'hub.store', 2)]);
  },
);

contract('silences come back after a restart, the oldest first', async (state) => {
  const { silences } = state.stores;
  const silence = (id: string) => ({
    id,
    to: 'site=a',
    fromMs: 1.5,
    untilMs: 9,
    reason: text,
    actor: 'local',
    createdMs: 1,
  });
  for (const id of ['z', 'a', 'm']) await silences.save(silence(id));
  await silences.save({ ...silence('z'), untilMs: 5 });
  await silences.remove(['m', 'none']);
  await state.restart();
  assert.deepEqual(await state.stores.silences.load(), [{ ...silence('z'), untilMs: 5 }, silence('a')]);
});

contract(
  'deliveries are owed with the alarm that they tell of, in order, until they are settled',
  async (state) => {
    const { alarms, webhooks } = state.stores;
    const webhook = (name: string) => ({
      name,
      url: 'https://pager.example/hub',
      secret: 'a long text that both know',
      actor: 'local',
      createdMs: 1.5,
    });
    await webhooks.add(webhook('z'));
    await webhooks.add(webhook('a'));
    await assert.rejects(webhooks.add(webhook('a')), 'the name is taken');
    const delivery = (id: string, to = 'a') => ({
      id,
      webhook: to,
      createdMs: 2.5,
      body: JSON.stringify({ text }),
    });
    await alarms.save([alarm('', 'hub.store', 1)], [], [delivery('2'), delivery('1'), delivery('3', 'none')]);
    await alarms.save([], [], [delivery('1'), delivery('4', 'z')]);
    await state.restart();
    const again = state.stores.webhooks;
    assert.deepEqual(await again.webhooks(), [webhook('a'), webhook('z')]);
    assert.deepEqual(await again.deliveries(), [delivery('2'), delivery('1'), delivery('4', 'z')]);
    await again.settle(['2', 'none']);
    await again.remove('z');
    assert.deepEqual(await again.deliveries(), [delivery('1')]);
    assert.deepEqual(await again.webhooks(), [webhook('a')]);
  },
);
