import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rejects } from '../../../hub/admin/rejects.ts';
import { DeviceEvents } from '../../../hub/presence/device-events.ts';
import type { DeviceEvent } from '../../../schemas/api/presence.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { meet, twoHubs, type StoredHub } from '../../helpers/stores/two-hubs.ts';

/** What two hubs count or note of the same: neither overwrites the other. */

const openHubs = twoHubs();

test('the latest time that a hub has saved is lowered by that hub alone, and a hub that is behind does not lower it', async (t) => {
  const { a, b } = await openHubs(t);
  const { hubClock: ofA } = a.stores;
  const { hubClock: ofB } = b.stores;
  assert.equal(await ofA.saveLastMs(50_000, 0), true);
  assert.equal(await ofB.saveLastMs(40_000, 0), false, 'its clock is behind');
  assert.equal(await ofA.lastMs(), 50_000);
  assert.equal(await ofB.saveLastMs(60_000, 0), true);
  assert.equal(await ofA.saveLastMs(45_000, 50_000), false, 'another hub has saved a later one since');
  assert.equal(await ofB.saveLastMs(55_000, 60_000), true, 'its own');
  assert.equal(await ofA.lastMs(), 55_000);
});

test('what two hubs count in the same hour is added up', async (t) => {
  const { a, b } = await openHubs(t);
  const hour = (schema: number) => ({
    hour: 5,
    counts: { rejected: { schema }, commands: {}, closes: {}, losses: {} },
  });
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? a : b).stores.dayCounts.add(hour(1))),
  );
  assert.deepEqual(await a.stores.dayCounts.load(), [hour(20)]);
});

test('of two hubs that add to the list of a device neither overwrites what the other has added, even at one moment', async (t) => {
  const { a, b, db } = await openHubs(t);
  const event = (address: string): DeviceEvent => ({ atMs: 1, kind: 'connected', address });
  const add = (hub: StoredHub, address: string) =>
    hub.stores.events.save(
      new Map([['d-1', (stored: readonly DeviceEvent[]) => [...stored, event(address)]]]),
    );
  await Promise.all([add(a, 'first'), add(b, 'first')]);
  const touch = "UPDATE device_list SET entries = entries WHERE device_id = 'd-1'";
  await meet(db, (query) => query(touch), [() => add(a, 'of a'), () => add(b, 'of b')]);
  const addresses = ((await a.stores.events.load(['d-1'])).get('d-1') ?? []).map((each) =>
    each.kind === 'connected' ? each.address : '',
  );
  assert.deepEqual(
    addresses.toSorted((one, other) => (one < other ? -1 : 1)),
    ['first', 'first', 'of a', 'of b'],
  );
});

test('a device that moves between two hubs keeps the events of both, each once and in order', async (t) => {
  const { a, b } = await openHubs(t);
  const clock = new ManualClock();
  const eventsOf = ({ stores }: StoredHub) =>
    new DeviceEvents({ clock, log: silentLog, store: stores.events });
  const [ofA, ofB] = [eventsOf(a), eventsOf(b)];
  const opened = (events: DeviceEvents, address: string) => {
    clock.advance(1);
    events.record('d-1', { kind: 'connected', address });
  };
  opened(ofA, '1');
  await ofA.lists.saveAll();
  opened(ofA, '2');
  // It moves before that is saved.
  ofB.moved('d-1');
  opened(ofB, '3');
  await ofB.lists.saveAll();
  await ofA.lists.saveAll();
  ofA.moved('d-1');
  opened(ofA, '4');
  await ofA.lists.saveAll();
  ofB.moved('d-1');
  for (const events of [ofA, ofB]) {
    const addresses = (await events.of('d-1')).map((each) => each.kind === 'connected' && each.address);
    assert.deepEqual(addresses, ['1', '2', '3', '4']);
  }
});

test('refusals that two hubs count are added up, and each hub reads what the other has counted', async (t) => {
  const { a, b } = await openHubs(t);
  const clock = new ManualClock();
  const rejectsOf = ({ stores }: StoredHub) =>
    new Rejects({ clock, log: silentLog, store: stores.rejects, shared: true });
  const [ofA, ofB] = [rejectsOf(a), rejectsOf(b)];
  const refuse = (rejects: Rejects, id: string, path: string) => {
    clock.advance(1);
    const errors = [{ path, keyword: 'maximum', expected: '<= 5', got: '6' }];
    const frame = { type: 'nack', code: 'schema', retry: false, errors } as const;
    rejects.note({ id, type: 'a@1', firmware: '1' }, frame, 'env', id);
  };
  for (let n = 0; n < 5; n += 1) {
    refuse(ofA, 'd-1', '/a');
    refuse(ofB, 'd-2', '/a');
    refuse(ofB, 'd-2', '/b');
    await Promise.all([ofA.saveAll(), ofB.saveAll()]);
  }
  for (let n = 0; n < 30; n += 1) refuse(n % 2 === 0 ? ofA : ofB, `liar-${n % 2}`, `/f${n}`);
  refuse(ofA, 'd-1', '/a');
  await ofB.saveAll();
  const counts = async (rejects: Rejects) => {
    clock.advance(2_000);
    const report = await rejects.currentReport();
    const rows = new Map(report.rejects.map(({ field, count, example }) => [field, [count, example.device]]));
    return [rows.get('/a'), rows.get('/b')];
  };
  assert.deepEqual(await counts(ofA), [
    [11, 'd-1'],
    [5, 'd-2'],
  ]);
  assert.deepEqual(await counts(ofB), [
    [10, 'd-2'],
    [5, 'd-2'],
  ]);
  await ofA.saveAll();
  assert.deepEqual((await counts(ofB))[0], [11, 'd-1']);
  ofB.forget('d-2');
  await ofB.saveAll();
  assert.deepEqual(await counts(ofA), [[11, 'd-1'], undefined]);
});
