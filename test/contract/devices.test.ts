import assert from 'node:assert/strict';
import { HubError } from '../../hub/kernel/errors.ts';
import type { DeviceStore, SessionOpening, StoredOpening } from '../../hub/registry/device-store.ts';
import { Registry } from '../../hub/registry/registry.ts';
import { ManualClock } from '../helpers/clock.ts';
import { storedDevice } from '../helpers/stores/stored-device.ts';
import { contract } from '../helpers/stores/store-kinds.ts';

async function opened(devices: DeviceStore, opening: SessionOpening): Promise<StoredOpening> {
  const answer = await devices.openSession(opening);
  assert.ok(answer.kind === 'opened');
  return answer;
}

const exists = (ids: string[]) => (error: unknown) => {
  assert.ok(error instanceof HubError && error.code === 'device-exists');
  assert.deepEqual(error.details, { ids });
  return true;
};
const unknown = (error: unknown) => error instanceof HubError && error.code === 'device-unknown';

contract('devices come back after a restart as they were added', async (state) => {
  const labels = { ['__proto__']: 'x', Straße: `"5"` };
  const records = [
    storedDevice('a', { enrolmentId: 'e-1' }),
    storedDevice('b', { site: `Halle 3, "Süd"`, disabled: true, labels }),
  ];
  await state.stores.devices.add(records);
  await state.restart();
  assert.deepEqual(await state.stores.devices.load(), records);
});

contract('what is changed of a device is there after a restart, and the rest as it was', async (state) => {
  const { devices } = state.stores;
  const record = storedDevice('a');
  await devices.add([record, storedDevice('b')]);
  const [secret] = record.credentials;
  assert.ok(secret);
  const changed = { ...record, credentials: [{ ...secret, id: 'c2' }], disabled: true, rotationDueMs: 7.5 };
  assert.deepEqual(await devices.change(record, () => changed), changed);
  await devices.change(changed, (now) => ({ ...now, labels: { floor: '2' } }));
  await state.restart();
  const rows = [{ ...changed, labels: { floor: '2' } }, storedDevice('b')];
  assert.deepEqual(await state.stores.devices.load(), rows);
  const labelled = { ...changed, labels: { floor: '2' } };
  await state.stores.devices.change(labelled, () => ({ ...record, site: 'elsewhere', labels: {} }));
  assert.deepEqual(await state.stores.devices.load(), [record, storedDevice('b')], 'its site is for life');
});

contract('nothing is changed of a device that is not registered', async (state) => {
  const { devices } = state.stores;
  await assert.rejects(
    devices.change(storedDevice('a'), (now) => ({ ...now, disabled: true })),
    unknown,
  );
  await assert.rejects(devices.remove('a'), unknown);
  assert.deepEqual(await devices.load(), []);
});

contract('an id that is taken, or given twice, is named, and nothing is added', async ({ stores }) => {
  const { devices } = stores;
  await devices.add([storedDevice('a'), storedDevice('b')]);
  const some = [storedDevice('c'), storedDevice('b'), storedDevice('a')];
  await assert.rejects(devices.add(some), exists(['a', 'b']));
  const twice = [storedDevice('d'), storedDevice('e'), storedDevice('d')];
  await assert.rejects(devices.add(twice), exists(['d']));
  assert.deepEqual(
    (await devices.load()).map(({ id }) => id),
    ['a', 'b'],
  );
});

contract('of two that register one id at the same time, one does', async ({ stores }) => {
  const { devices } = stores;
  const both = await Promise.allSettled([
    devices.add([storedDevice('a'), storedDevice('b')]),
    devices.add([storedDevice('b'), storedDevice('c')]),
  ]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  const ids = (await devices.load()).map(({ id }) => id).join(' ');
  assert.ok(ids === 'a b' || ids === 'b c', ids);
});

contract('ten thousand devices are added in one transaction', async ({ stores }) => {
  const { devices } = stores;
  await devices.add(Array.from({ length: 10_000 }, (_, index) => storedDevice(`d-${index}`)));
  assert.equal((await devices.load()).length, 10_000);
});

contract(
  'the epoch rises with each session and survives a restart, a removal and a new registration',
  async (state) => {
    let { devices } = state.stores;
    await devices.add([storedDevice('a')]);
    const opening = { deviceId: 'a', boot: 'b1', uptimeMs: 0, nowMs: 1000 };
    const both = await Promise.all([opened(devices, opening), opened(devices, opening)]);
    assert.deepEqual(
      both.map(({ epoch }) => epoch).toSorted((a, b) => a - b),
      [1, 2],
    );
    await state.restart();
    devices = state.stores.devices;
    assert.equal((await devices.load())[0]?.epoch, 2);
    await devices.remove('a');
    assert.deepEqual(await devices.load(), []);
    await assert.rejects(devices.remove('a'), unknown);
    assert.deepEqual([...(await devices.add([storedDevice('a'), storedDevice('new')]))], [['a', 3]]);
    const [again] = await devices.load();
    const expected = [3, undefined];
    assert.deepEqual([again?.epoch, again?.connectedBefore], expected, 'above what was told of the old one');
    assert.equal((await opened(devices, opening)).epoch, 4);
    assert.equal((await devices.load())[0]?.connectedBefore, true);
  },
);

contract('a hundred sessions at the same time get a hundred epochs', async ({ stores }) => {
  const { devices } = stores;
  await devices.add([storedDevice('a'), storedDevice('b')]);
  const epochs = await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const deviceId = n % 2 === 0 ? 'a' : 'b';
      return `${deviceId} ${(await opened(devices, { deviceId, boot: `b${n}`, uptimeMs: n, nowMs: 9 })).epoch}`;
    }),
  );
  assert.equal(new Set(epochs).size, 100);
  assert.deepEqual(
    (await devices.load()).map(({ epoch }) => epoch),
    [50, 50],
  );
});

contract('a boot keeps its first anchor over reconnects and restarts', async (state) => {
  await state.stores.devices.add([storedDevice('a')]);
  const first = { deviceId: 'a', boot: 'b1', uptimeMs: 1_500.25, nowMs: 1_700_000_000_000 };
  const { anchors } = await opened(state.stores.devices, first);
  assert.deepEqual([...anchors], [['b1', 1_699_999_998_499.75]]);
  await state.restart();
  const again = await opened(state.stores.devices, { ...first, uptimeMs: 9_000, nowMs: 1_700_000_060_000 });
  assert.deepEqual([...again.anchors], [...anchors], 'though the clocks have drifted apart');
});

contract(
  'without a time that is believed a boot keeps the anchor it has, and a new one gets none',
  async ({ stores }) => {
    const { devices } = stores;
    await devices.add([storedDevice('a')]);
    const open = (boot: string, uptimeMs: number, time: { nowMs?: number } = {}) =>
      opened(devices, { deviceId: 'a', boot, uptimeMs, ...time });
    await open('b1', 1_000, { nowMs: 1_700_000_000_000 });
    const anchors = [['b1', 1_699_999_999_000]];
    assert.deepEqual([...(await open('b1', 5_000)).anchors], anchors);
    assert.deepEqual([...(await open('b2', 1_000)).anchors], anchors);
    assert.deepEqual([...(await open('b1', 2_000)).anchors], [], 'a new boot under an old name');
    const again = await open('b1', 3_000, { nowMs: 1_700_000_009_000 });
    assert.deepEqual([...again.anchors], [['b1', 1_700_000_006_000]]);
  },
);

contract(
  'boots that ended without a session get anchors before the one that follows; known ones keep theirs',
  async (state) => {
    const clock = new ManualClock(1_700_000_000_000);
    const registry = new Registry({ store: state.stores.devices, clock });
    await state.stores.devices.add([storedDevice('a')]);
    await registry.openSession({ deviceId: 'a', boot: 'b1', uptimeMs: 5_000 });
    const b1 = clock.now() - 5_000;
    const ended = [
      { boot: 'b1', up: 60_000 },
      { boot: 'b2', up: 10_000 },
      { boot: 'b3', up: 2_000.5 },
      { boot: 'b4', up: 9 },
    ];
    const opening = { deviceId: 'a', boot: 'b4', uptimeMs: 1_000 };
    const unanchored = await registry.openSession(opening, ended, false);
    assert.ok(unanchored.kind === 'opened');
    assert.deepEqual([[...unanchored.anchors.keys()], unanchored.unseenBoots], [['b1'], undefined]);
    clock.advance(600_000);
    const stored = await registry.openSession(opening, ended);
    assert.ok(stored.kind === 'opened');
    const b4 = clock.now() - 1_000;
    const anchors = { b1, b2: b4 - 12_000.5, b3: b4 - 2_000.5, b4 };
    assert.deepEqual(Object.fromEntries(stored.anchors), anchors);
    assert.equal(stored.unseenBoots, 2);
    const known = [{ boot: 'b1' }, { boot: 'b2' }, { boot: 'b3' }, { boot: 'b4' }];
    const boots = (await state.stores.devices.anchoredBoots('a')).toSorted((a, b) =>
      a.boot < b.boot ? -1 : 1,
    );
    assert.deepEqual(
      boots.map(({ boot }) => ({ boot })),
      known,
    );
    clock.advance(30_000);
    const again = await registry.openSession({ ...opening, uptimeMs: 9_000 }, ended);
    assert.ok(again.kind === 'opened');
    assert.deepEqual([Object.fromEntries(again.anchors), again.unseenBoots], [anchors, undefined]);
    for (let n = 0; n < 9; n += 1) {
      const more = Array.from({ length: 8 }, (_, at) => ({ boot: `c${at}-${n}`, up: 1 }));
      await registry.openSession({ deviceId: 'a', boot: `d${n}`, uptimeMs: 1 }, more);
    }
    const [kept] = await state.query('SELECT count(*) AS n FROM boot_anchor');
    assert.ok(Number(kept?.['n']) <= 24, 'their number stays bounded');
  },
);

contract('an uptime that goes backwards is a new boot under an old name', async ({ stores }) => {
  const { devices } = stores;
  await devices.add([storedDevice('a')]);
  const open = async (uptimeMs: number, nowMs: number): Promise<number | undefined> =>
    (await opened(devices, { deviceId: 'a', boot: 'same', uptimeMs, nowMs })).anchors.get('same');
  assert.equal(await open(5_000, 100_000), 95_000);
  assert.equal(await open(4_000, 200_000), 196_000, 'backwards');
  assert.equal(await open(6_000, 300_000), 196_000, 'forwards again');
  assert.equal(await open(5_999, 400_000), 394_001, 'behind the last one');
  await devices.noteUptime('a', 'same', 9_000);
  await devices.noteUptime('a', 'same', 8_000);
  assert.equal(await open(8_500, 500_000), 491_500, 'behind one that was noted');
});

contract('steps of a boot come back by rising uptime, and go with it', async (state) => {
  const { devices } = state.stores;
  await devices.add([storedDevice('a')]);
  const open = (uptimeMs: number) =>
    opened(state.stores.devices, { deviceId: 'a', boot: 'b1', uptimeMs, nowMs: 1e6 });
  await open(10);
  const [early, late] = [
    { boot: 'b1', fromMs: 20, anchorMs: 999_991.5 },
    { boot: 'b1', fromMs: 30, anchorMs: 999_992 },
  ];
  await devices.addAnchorStep('a', late);
  await devices.addAnchorStep('a', early);
  await devices.addAnchorStep('a', { ...early, anchorMs: 5 });
  await state.restart();
  assert.deepEqual((await open(40)).steps, [early, late], 'the first of an uptime stays');
  assert.deepEqual((await open(1)).steps, [], 'a new boot under an old name has none');
});

contract(
  'the last sixteen boots of each device are kept, by their newest session, until it is removed',
  async ({ stores }) => {
    const { devices } = stores;
    await devices.add([storedDevice('a'), storedDevice('other')]);
    await opened(devices, { deviceId: 'other', boot: 'b0', uptimeMs: 0, nowMs: 7 });
    for (let boot = 0; boot < 20; boot += 1) {
      await opened(devices, { deviceId: 'a', boot: `b${boot}`, uptimeMs: 0, nowMs: 1000 + boot });
      // Its first boot stays in use.
      await opened(devices, { deviceId: 'a', boot: 'b0', uptimeMs: boot, nowMs: 5000 });
    }
    const { anchors } = await opened(devices, { deviceId: 'a', boot: 'b19', uptimeMs: 5, nowMs: 1 });
    const expected = [['b0', 1000], ...Array.from({ length: 15 }, (_, n) => [`b${n + 5}`, 1005 + n])];
    assert.deepEqual(Object.fromEntries(anchors), Object.fromEntries(expected));
    await devices.remove('a');
    await devices.add([storedDevice('a')]);
    const fresh = await opened(devices, { deviceId: 'a', boot: 'b21', uptimeMs: 0, nowMs: 9 });
    assert.deepEqual([...fresh.anchors], [['b21', 9]]);
    const other = await opened(devices, { deviceId: 'other', boot: 'b0', uptimeMs: 1, nowMs: 9 });
    assert.deepEqual([...other.anchors], [['b0', 7]]);
  },
);
