import assert from 'node:assert/strict';
import type { RejectChange, StoredReject } from '../../hub/admin/rejects.ts';
import type { DeviceEvent } from '../../schemas/api/presence.ts';
import { storedDevice } from '../helpers/stores/stored-device.ts';
import { contract } from '../helpers/stores/store-kinds.ts';

const event = (address: string): DeviceEvent => ({ atMs: 1.5, kind: 'connected', address });

contract('lists of devices come back after a restart, and go with their device', async (state) => {
  const { devices, events } = state.stores;
  await devices.add([storedDevice('a'), storedDevice('b'), storedDevice('__proto__')]);
  await events.save(new Map());
  await events.save(new Map([['a', () => [event('1')]]]));
  const two = [event('2'), event(`"ß' \u2028 \u0000`)];
  const saved = await events.save(
    new Map([
      [
        'a',
        (stored: readonly DeviceEvent[]) => {
          assert.deepEqual(stored, [event('1')]);
          return two;
        },
      ],
      ['b', () => [event('3')]],
      ['__proto__', () => [event('4')]],
      ['unknown', () => [event('5')]],
    ]),
  );
  assert.deepEqual([...saved.keys()].toSorted(), ['__proto__', 'a', 'b']);
  assert.equal((await state.stores.nacks.load(['a'])).size, 0, 'each kind has its own');
  await devices.remove('b');
  await state.restart();
  const loaded = await state.stores.events.load(['a', 'b', '__proto__', 'unknown', 'c']);
  assert.deepEqual([loaded.size, loaded.get('a'), loaded.get('__proto__')], [2, two, [event('4')]]);
});

contract('refusals come back after a restart, the oldest first', async (state) => {
  const { rejects } = state.stores;
  assert.deepEqual(await rejects.load(), { entries: [], other: 0 });
  const common = { type: 'a@1', stream: 'env', field: '/a', rule: 'maximum', firmware: '' };
  const row = (lastMs: number): StoredReject => ({
    common,
    by: 'd-1',
    count: 2,
    lastMs,
    devices: [['d-1', { count: 2, lastMs, message: '"' }]],
  });
  const changes = new Map([
    ['x', () => row(9)],
    ['y', () => row(5)],
    ['z', () => row(7)],
  ]);
  await rejects.save(changes, 3);
  const later = (stored: StoredReject | undefined) => {
    assert.deepEqual(stored, row(5));
    return row(11);
  };
  const gone = () => undefined;
  await rejects.save(
    new Map<string, RejectChange>([
      ['y', later],
      ['z', gone],
      ['none', gone],
    ]),
    1,
  );
  await state.restart();
  assert.deepEqual(await state.stores.rejects.load(), { entries: [row(9), row(11)], other: 4 });
});

contract(
  'a removal is remembered until its commands have ended and the bus has heard of it',
  async (state) => {
    const { devices, removals } = state.stores;
    await devices.add([storedDevice('a'), storedDevice('b')]);
    await devices.remove('a');
    await assert.rejects(devices.remove('nobody'));
    await removals.settled('a');
    await state.restart();
    const left = [{ deviceId: 'a', commandsEnded: false }];
    assert.deepEqual(await state.stores.removals.load(), left, 'its commands come first');
    await state.stores.removals.commandsEnded(['a', 'b']);
    assert.deepEqual(await state.stores.removals.load(), [{ deviceId: 'a', commandsEnded: true }]);
    await state.stores.devices.add([storedDevice('a')]);
    await state.stores.devices.remove('a');
    assert.deepEqual(await state.stores.removals.load(), left, 'a second removal begins anew');
    await state.stores.removals.commandsEnded(['a']);
    await state.stores.removals.settled('a');
    assert.deepEqual(await state.stores.removals.load(), []);
  },
);
