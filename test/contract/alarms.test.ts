import assert from 'node:assert/strict';
import type { AlarmSaved } from '../../hub/alarms/alarm-store.ts';
import type { StoredIncident } from '../../hub/incidents/incident-log.ts';
import { contract } from '../helpers/stores/store-kinds.ts';
import { storedDevice } from '../helpers/stores/stored-device.ts';
import { alarmChange, oddText as text, storedAlarm } from '../helpers/stores/stored-records.ts';

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

contract(
  'alarms come back after a restart in the order in which they were raised, and go with their device',
  async (state) => {
    const { alarms, devices } = state.stores;
    await devices.add([storedDevice('a'), storedDevice('b')]);
    const rows = [
      storedAlarm('b', 'offline', 3),
      storedAlarm('', 'hub.store', 2),
      storedAlarm('a', 'offline', 1),
    ];
    const twin = storedAlarm('a', 'twin', 5);
    const given = [...rows, twin, storedAlarm('unknown', 'offline', 4)].map((row) => alarmChange(row));
    const [first, , , second] = await alarms.save(given);
    const later = { ...storedAlarm('b', 'offline', 9), count: 2 };
    const saved = await alarms.save([
      alarmChange(later, { from: revOf(first) }),
      { ...alarmChange(twin, { from: revOf(second) }), row: undefined },
    ]);
    assert.deepEqual(
      saved.map(({ kind }) => kind),
      ['saved', 'saved'],
    );
    await state.restart();
    const again = state.stores;
    const kept = async () => (await again.alarms.load()).map(({ row }) => row);
    assert.deepEqual(await kept(), [storedAlarm('a', 'offline', 1), storedAlarm('', 'hub.store', 2), later]);
    await again.devices.remove('b');
    await again.devices.remove('a');
    assert.deepEqual(await kept(), [storedAlarm('', 'hub.store', 2)]);
  },
);

/** Of one hub there is none. */
function revOf(saved: AlarmSaved | undefined): number | undefined {
  assert.ok(saved?.kind === 'saved');
  return saved.rev;
}

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
    assert.equal(await webhooks.add(webhook('a')), false, 'the name is taken');
    const delivery = (id: string, to = 'a') => ({
      id,
      webhook: to,
      createdMs: 2.5,
      body: JSON.stringify({ text }),
    });
    const row = storedAlarm('', 'hub.store', 1);
    const deliveries = [delivery('2'), delivery('1'), delivery('3', 'none')];
    const [saved] = await alarms.save([alarmChange(row, { deliveries })]);
    const further = [delivery('1'), delivery('4', 'z')];
    await alarms.save([alarmChange(row, { deliveries: further, from: revOf(saved) })]);
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

contract(
  'a dead delivery is owed no more, comes back in its place when it is revived, and the oldest give way to the newest',
  async (state) => {
    const { alarms, webhooks } = state.stores;
    const error = 'it answered 500';
    const secret = 'a long text that both know';
    for (const name of ['a', 'b'])
      await webhooks.add({ name, url: 'https://pager.example/', secret, actor: 'local', createdMs: 1.5 });
    const delivery = (id: string, webhook = 'a') => ({ id, webhook, createdMs: 2.5, body: '{}' });
    const deliveries = [...['1', '2', '3', '4'].map((id) => delivery(id)), delivery('5', 'b')];
    await alarms.save([alarmChange(storedAlarm('', 'hub.store', 1), { deliveries })]);
    const bury = (id: string, deadMs: number, webhook = 'a') =>
      webhooks.bury({ id, webhook, deadMs, error }, 2);
    assert.deepEqual([await bury('1', 10.5), await bury('5', 11, 'b'), await bury('3', 12)], [0, 0, 0]);
    await state.restart();
    const again = state.stores.webhooks;
    assert.deepEqual(await again.deliveries(), [delivery('2'), delivery('4')]);
    assert.deepEqual(await again.dead('a', 9), [
      { ...delivery('3'), deadMs: 12, error },
      { ...delivery('1'), deadMs: 10.5, error },
    ]);
    assert.deepEqual(
      await again.deadCounts(),
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    );
    const dead = { id: '4', webhook: 'a', deadMs: 13, error };
    assert.equal(await again.bury(dead, 2), 1, 'the oldest is pushed out');
    const revive = (ids?: string[], limit = 9) => again.revive({ webhook: 'a', ids, limit, nowMs: 99.5 });
    assert.deepEqual(await revive(['1', '2', '5', 'none']), [], 'gone, owed, of another, unknown');
    assert.deepEqual(await revive(undefined, 1), [{ ...delivery('3'), createdMs: 99.5 }]);
    assert.deepEqual(await again.deliveries(), [delivery('2'), { ...delivery('3'), createdMs: 99.5 }]);
    assert.deepEqual([await again.purge('a', ['2', '4']), await again.purge('b', undefined)], [1, 1]);
    assert.deepEqual(await again.deadCounts(), new Map());
    assert.deepEqual(
      (await again.deliveries()).map(({ id }) => id),
      ['2', '3'],
    );
  },
);
