import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HubError } from '../../../hub/kernel/errors.ts';
import { DeviceLists } from '../../../hub/kernel/device-lists.ts';
import { MemoryDeviceLists } from '../../helpers/devices/memory-devices.ts';
import { silentLog } from '../../helpers/silent-log.ts';

function newLists(store = new MemoryDeviceLists<number>()) {
  const bound = (rows: number[]): void => {
    if (rows.length > 3) rows.splice(0, rows.length - 3);
  };
  return { store, lists: new DeviceLists<number>({ store, log: silentLog, bound, timeOf: (row) => row }) };
}

test('a fleet that changes at once is saved little by little, and as a whole at the end', async () => {
  const { lists, store } = newLists();
  for (let n = 0; n < 1_000; n += 1) lists.add(`d-${n}`, n);
  await lists.save();
  assert.equal(store.lists.size, 100);
  await lists.saveAll();
  assert.deepEqual([store.lists.size, store.saves], [1_000, 10]);
  await lists.saveAll();
  assert.equal(store.saves, 10, 'nothing has changed');
});

test('what changes while it is saved is saved with the next', async () => {
  const { lists, store } = newLists();
  lists.add('d-1', 1);
  const saving = lists.save();
  lists.add('d-1', 2);
  await saving;
  await lists.save();
  assert.equal(store.lists.get('d-1'), '[1,2]');
});

test('a disk that fails costs no row on it, nor any that came meanwhile', async () => {
  const { store } = newLists();
  store.lists.set('d-1', '[1,2]');
  const { lists } = newLists(store);
  store.fails = true;
  lists.add('d-1', 3);
  assert.deepEqual(await lists.of('d-1'), [3], 'what is known without the disk');
  await lists.saveAll();
  assert.equal(lists.saveFailures, 2);
  lists.add('d-1', 4);
  store.fails = false;
  await lists.save();
  assert.equal(store.lists.get('d-1'), '[2,3,4]');
});

test('a device that is removed while its list is read leaves nothing behind', async () => {
  const { store } = newLists();
  store.lists.set('d-1', '[1]');
  const { lists } = newLists(store);
  lists.add('d-1', 2);
  const saving = lists.saveAll();
  lists.forget('d-1');
  await saving;
  assert.equal(store.lists.get('d-1'), '[1]', 'the store itself forgets it with the device');
});

test('what comes after a clock that was ahead is kept, behind what that clock has dated', async () => {
  const { store } = newLists();
  const hour = 3_600_000;
  store.lists.set('d-1', JSON.stringify([hour, hour + 1, hour + 2]));
  const { lists } = newLists(store);
  lists.add('d-1', 1);
  lists.add('d-1', 2);
  await lists.saveAll();
  assert.deepEqual(await lists.of('d-1'), [hour + 2, 1, 2]);
});

test('rows of a write whose answer was lost are there once', async () => {
  const { lists, store } = newLists();
  const lost = new HubError('database-failed', 'no answer', { details: { reason: 'connection-lost' } });
  lists.add('d-1', 1);
  store.losesAnswer = lost;
  await lists.save();
  assert.equal(store.lists.get('d-1'), '[1]', 'it was written all the same');
  store.losesAnswer = undefined;
  lists.add('d-1', 2);
  await lists.save();
  assert.equal(store.lists.get('d-1'), '[1,2]');
});
