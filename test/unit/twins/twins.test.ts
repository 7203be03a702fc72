import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import type { JsonObject } from '../../../schemas/twin/merge-patch.ts';
import { startSessions, turn } from '../../helpers/hubs/session-fixture.ts';

const requester: Requester = { actor: 'operator:anna', origin: 'http' };

async function start(t: TestContext) {
  const hub = await startSessions(t, { twin: true });
  const set = (patch: JsonObject, ifRevs?: readonly number[]): Promise<number> =>
    hub.twins.change({ device: 'd1', patch, requester, ifRevs });
  return { ...hub, set };
}

test('a device that is connected gets a change at once, and one that comes later in its welcome', async (t) => {
  const { open, set, twins } = await start(t);
  const device = await open('d1');
  assert.equal(await set({ level: 3 }), 1);
  assert.deepEqual(device.socket.of('desired'), [{ type: 'desired', rev: 1, state: { level: 3 } }]);
  assert.equal(twins.standing('d1')?.state, 'pending');
  device.session.closed(1006, '');
  assert.equal(twins.standing('d1')?.state, 'waiting');
  await set({ level: 4 });
  const again = await open('d1', { desiredRev: 1 });
  assert.deepEqual(again.socket.of('welcome')[0]?.['desired'], { rev: 2, state: { level: 4 } });
  again.session.closed(1006, '');
  const holding = await open('d1', { desiredRev: 2 });
  assert.equal(holding.socket.of('welcome')[0]?.['desired'], undefined);
});

test('a report is acked once it is on disk, and a bad one is nacked with the place and changes nothing', async (t) => {
  const { open, set, twins, twinStore } = await start(t);
  const device = await open('d1');
  await set({ level: 3 });
  const disk = Promise.withResolvers<void>();
  twinStore.beforeSave = () => disk.promise;
  device.send({ type: 'reported', id: 'r-1', patch: { level: 3, serial: 'A' }, desiredRev: 1 });
  await turn();
  assert.deepEqual(device.socket.of('ack'), []);
  disk.resolve();
  await turn();
  assert.deepEqual(device.socket.of('ack'), [{ type: 'ack', re: 'r-1' }]);
  assert.equal(twins.standing('d1')?.state, 'in-sync');
  device.send({ type: 'reported', id: 'r-2', patch: { level: 'high' } });
  device.send({ type: 'reported', id: 'r-3', patch: [] });
  await turn();
  const nacks = new Map(
    device.socket.of('nack').map(({ re, code, retry, errors }) => [re, { code, retry, errors }]),
  );
  const error = { path: '/level', keyword: 'type', expected: 'integer', got: '"high"' };
  assert.deepEqual(nacks.get('r-2'), { code: 'schema', retry: false, errors: [error] });
  assert.deepEqual([nacks.get('r-3')?.code, nacks.size], ['schema', 2]);
  assert.deepEqual((await twins.read('d1')).reported, { level: 3, serial: 'A' });
});

test('a disk that fails loses nothing that was answered: the operator and the device are told, and may try again', async (t) => {
  const { open, set, twins, twinStore } = await start(t);
  const device = await open('d1');
  await set({ level: 1 });
  twinStore.beforeSave = () => {
    throw new HubError('database-failed', 'no room');
  };
  await assert.rejects(set({ level: 2 }), { code: 'database-failed' });
  device.send({ type: 'reported', id: 'r-1', patch: { level: 1 }, desiredRev: 1 });
  await turn();
  assert.deepEqual(
    device.socket.of('nack').map(({ re, code, retry }) => [re, code, retry]),
    [['r-1', 'overloaded', true]],
  );
  twinStore.beforeSave = () => undefined;
  assert.deepEqual((await twins.read('d1')).desired, { level: 1 });
  assert.equal(await set({ level: 2 }), 2);
});

test('a device reports ten times at once and then once a second; beyond it is told when to come again', async (t) => {
  const { open, clock } = await start(t);
  const device = await open('d1');
  for (let n = 1; n <= 12; n += 1) device.send({ type: 'reported', id: `r-${n}`, patch: { level: n % 3 } });
  await turn();
  assert.equal(device.socket.of('ack').length, 10);
  const nacks = device.socket.of('nack');
  assert.deepEqual(
    nacks.map(({ re, code }) => [re, code]),
    [
      ['r-11', 'rate'],
      ['r-12', 'rate'],
    ],
  );
  clock.advance(Number(nacks[0]?.['retryAfterMs']));
  device.send({ type: 'reported', id: 'r-13', patch: {} });
  await turn();
  assert.equal(device.socket.of('ack').length, 11);
});

test('of two changes that build on the same revision the second is refused', async (t) => {
  const { set } = await start(t);
  const [first, second] = await Promise.allSettled([set({ level: 1 }, [0]), set({ level: 2 }, [0])]);
  assert.deepEqual([first.status, second.status], ['fulfilled', 'rejected']);
  assert.equal((second as PromiseRejectedResult).reason.code, 'twin-changed');
  assert.equal(await set({ level: 2 }, [1]), 2);
});

test('while a link is congested the newest desired state waits, and the ones before are never sent', async (t) => {
  const { open, set, twins, clock } = await start(t);
  await twins.load();
  const device = await open('d1');
  device.socket.bufferedAmount = 70_000;
  for (const level of [1, 2, 3]) await set({ level });
  assert.deepEqual(device.socket.of('desired'), []);
  device.socket.bufferedAmount = 0;
  clock.advance(50);
  await turn();
  assert.deepEqual(device.socket.of('desired'), [{ type: 'desired', rev: 3, state: { level: 3 } }]);
  assert.equal(twins.delivered['replaced'], 2);
  await twins.close();
});

test('a device with a small buffer is never sent more than it can receive', async (t) => {
  const { open, set, twins } = await start(t);
  await set({ note: 'x'.repeat(300), more: 'y'.repeat(300) });
  const device = await open('d1', { maxFrame: 512 });
  assert.deepEqual(
    [device.socket.of('welcome')[0]?.['desired'], device.socket.of('desired')],
    [undefined, []],
  );
  assert.equal(twins.standing('d1')?.state, 'refused');
  assert.match(twins.unsent('d1', await twins.read('d1'))?.message ?? '', /at most 512/);
  await assert.rejects(set({ level: 1 }), { code: 'desired-invalid' });
  await set({ more: null });
  assert.equal(device.socket.of('desired').length, 1);
  assert.equal(twins.standing('d1')?.state, 'pending');
});

test('a reset device is brought back, and what it reported before is forgotten', async (t) => {
  const { open, set, twins } = await start(t);
  const device = await open('d1');
  await set({ level: 1 });
  device.send({ type: 'reported', id: 'r-1', patch: { level: 1, serial: 'A' }, desiredRev: 1 });
  await turn();
  device.session.closed(1006, '');
  const reset = await open('d1');
  assert.deepEqual(reset.socket.of('welcome')[0]?.['desired'], { rev: 1, state: { level: 1 } });
  assert.deepEqual((await twins.read('d1')).reported, {});
  assert.equal(twins.standing('d1')?.state, 'pending');
});

test('a type without a twin has none: nothing is kept of its devices, and a report is nacked', async (t) => {
  const hub = await startSessions(t);
  const device = await hub.open('d1', { desiredRev: 4 });
  device.send({ type: 'reported', id: 'r-1', patch: {} });
  await turn();
  assert.deepEqual(
    device.socket.of('nack').map(({ re, code }) => [re, code]),
    [['r-1', 'unsupported']],
  );
  await assert.rejects(hub.twins.change({ device: 'd1', patch: {}, requester }), { code: 'twin-unknown' });
  assert.deepEqual([[...hub.twins.devices()], hub.twinStore.finds], [[], 0]);
});

test('twins that do not fit in memory are read from disk, and none is lost', async (t) => {
  const hub = await startSessions(t, { twin: true, twinCacheBytes: 1 });
  for (const device of ['d1', 'd2', 'd1', 'd2'])
    await hub.twins.change({ device, patch: { level: device === 'd1' ? 1 : 2 }, requester });
  assert.deepEqual((await hub.twins.read('d1')).desired, { level: 1 });
  assert.deepEqual((await hub.twins.read('d2')).desired, { level: 2 });
  assert.ok(hub.twinStore.finds >= 4);
  assert.equal(hub.twins.counts().waiting, 2);
});
