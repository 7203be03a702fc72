import assert from 'node:assert/strict';
import { Registry } from '../../../hub/registry/registry.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createRemovalStore } from '../../../hub/adapters/sqlite/sqlite-removal-store.ts';
import type { StoredReject } from '../../../hub/admin/rejects.ts';
import {
  createDeviceListStore,
  createRejectStore,
} from '../../../hub/adapters/sqlite/sqlite-history-store.ts';
import { createDeviceStore } from '../../../hub/adapters/sqlite/sqlite-device-store.ts';
import { createIncidentStore } from '../../../hub/adapters/sqlite/sqlite-incident-store.ts';
import { createHubIdentityStore } from '../../../hub/adapters/sqlite/sqlite-hub-identity-store.ts';
import { createPresenceStore } from '../../../hub/adapters/sqlite/sqlite-presence-store.ts';
import type { Database } from '../../../hub/adapters/sqlite/sqlite.ts';
import type { Presence } from '../../../schemas/api/presence.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import type { StoredIncident } from '../../../hub/incidents/incident-log.ts';
import type { DeviceRecord } from '../../../hub/registry/device-store.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** state.db with what it takes to close it and open it again, as a restarted hub does. */
async function openState(t: TestContext): Promise<{ db: Database; restart: () => Promise<Database> }> {
  const folder = temporaryFolder('state');
  const file = join(folder.path, 'state.db');
  let db = await openStateDatabase(file);
  t.after(async () => {
    await db.close();
    folder.remove();
  });
  return {
    db,
    async restart() {
      await db.close();
      db = await openStateDatabase(file);
      return db;
    },
  };
}

function device(id: string, overrides: Partial<DeviceRecord> = {}): DeviceRecord {
  const createdMs = 1_700_000_000_000.5;
  const secret = { id: 'c1', kind: 'secret', material: 'ab'.repeat(32), state: 'active', createdMs } as const;
  const record = { id, type: 'env-sensor@1', site: 'default', credentials: [secret], createdMs };
  return { ...record, disabled: false, epoch: 0, ...overrides };
}

test('devices come back after a restart as they were added', async (t) => {
  const { db, restart } = await openState(t);
  const records = [device('a'), device('b', { site: `Halle 3, "Süd"`, disabled: true })];
  await createDeviceStore(db).add(records);
  assert.deepEqual(await createDeviceStore(await restart()).load(), records);
});

test('an id that is taken, or given twice, is named, and nothing is added', async (t) => {
  const { db } = await openState(t);
  const devices = createDeviceStore(db);
  await devices.add([device('a'), device('b')]);
  const exists = (ids: string[]) => (error: unknown) => {
    assert.ok(error instanceof HubError && error.code === 'device-exists');
    assert.deepEqual(error.details, { ids });
    return true;
  };
  await assert.rejects(devices.add([device('c'), device('b'), device('a')]), exists(['a', 'b']));
  await assert.rejects(devices.add([device('d'), device('e'), device('d')]), exists(['d']));
  assert.deepEqual(
    (await devices.load()).map(({ id }) => id),
    ['a', 'b'],
  );
});

test('ten thousand devices are added in one transaction', async (t) => {
  const { db } = await openState(t);
  const devices = createDeviceStore(db);
  await devices.add(Array.from({ length: 10_000 }, (_, index) => device(`d-${index}`)));
  assert.equal((await devices.load()).length, 10_000);
});

test('the epoch rises with each session and survives a restart, a removal and a new registration', async (t) => {
  const { db, restart } = await openState(t);
  let devices = createDeviceStore(db);
  await devices.add([device('a')]);
  const opening = { deviceId: 'a', boot: 'b1', uptimeMs: 0, nowMs: 1000 };
  const opened = await Promise.all([devices.openSession(opening), devices.openSession(opening)]);
  assert.deepEqual(
    opened.map(({ epoch }) => epoch),
    [1, 2],
  );
  devices = createDeviceStore(await restart());
  assert.equal((await devices.load())[0]?.epoch, 2);
  await devices.remove('a');
  assert.deepEqual(await devices.load(), []);
  await assert.rejects(
    devices.remove('a'),
    (error) => error instanceof HubError && error.code === 'device-unknown',
  );
  assert.deepEqual([...(await devices.add([device('a'), device('new')]))], [['a', 3]]);
  const [again] = await devices.load();
  assert.deepEqual(
    [again?.epoch, again?.connectedBefore],
    [3, undefined],
    'above what was told of the old one',
  );
  assert.equal((await devices.openSession(opening)).epoch, 4);
  assert.equal((await devices.load())[0]?.connectedBefore, true);
});

test('a boot keeps its first anchor over reconnects and restarts', async (t) => {
  const { db, restart } = await openState(t);
  const first = { deviceId: 'a', boot: 'b1', uptimeMs: 1_500.25, nowMs: 1_700_000_000_000 };
  const { anchors } = await createDeviceStore(db).openSession(first);
  assert.deepEqual([...anchors], [['b1', 1_699_999_998_499.75]]);
  const devices = createDeviceStore(await restart());
  const again = await devices.openSession({ ...first, uptimeMs: 9_000, nowMs: 1_700_000_060_000 });
  assert.deepEqual([...again.anchors], [...anchors], 'though the clocks have drifted apart');
});

test('without a time that is believed a boot keeps the anchor it has, and a new one gets none', async (t) => {
  const { db } = await openState(t);
  const devices = createDeviceStore(db);
  const open = (boot: string, uptimeMs: number, time: { nowMs?: number } = {}) =>
    devices.openSession({ deviceId: 'a', boot, uptimeMs, ...time });
  await open('b1', 1_000, { nowMs: 1_700_000_000_000 });
  const anchors = [['b1', 1_699_999_999_000]];
  assert.deepEqual([...(await open('b1', 5_000)).anchors], anchors);
  assert.deepEqual([...(await open('b2', 1_000)).anchors], anchors);
  assert.deepEqual([...(await open('b1', 2_000)).anchors], [], 'a new boot under an old name');
  assert.deepEqual(
    [...(await open('b1', 3_000, { nowMs: 1_700_000_009_000 })).anchors],
    [['b1', 1_700_000_006_000]],
  );
});

test('boots that ended without a session get anchors before the one that follows; known ones keep theirs', async (t) => {
  const { db } = await openState(t);
  const clock = new ManualClock(1_700_000_000_000);
  const registry = new Registry({ store: createDeviceStore(db), clock });
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
  assert.deepEqual([[...unanchored.anchors.keys()], unanchored.unseenBoots], [['b1'], undefined]);
  clock.advance(600_000);
  const opened = await registry.openSession(opening, ended);
  const b4 = clock.now() - 1_000;
  const anchors = { b1, b2: b4 - 12_000.5, b3: b4 - 2_000.5, b4 };
  assert.deepEqual(Object.fromEntries(opened.anchors), anchors);
  assert.equal(opened.unseenBoots, 2);
  clock.advance(30_000);
  const again = await registry.openSession({ ...opening, uptimeMs: 9_000 }, ended);
  assert.deepEqual([Object.fromEntries(again.anchors), again.unseenBoots], [anchors, undefined]);
  for (let n = 0; n < 9; n += 1) {
    const boots = Array.from({ length: 8 }, (_, at) => ({ boot: `c${at}-${n}`, up: 1 }));
    await registry.openSession({ deviceId: 'a', boot: `d${n}`, uptimeMs: 1 }, boots);
  }
  const rows = await db.read('SELECT count(*) AS n FROM boot_anchor');
  assert.ok(Number(rows[0]?.['n']) <= 24, 'their number stays bounded');
});

test('an uptime that goes backwards is a new boot under an old name', async (t) => {
  const { db } = await openState(t);
  const devices = createDeviceStore(db);
  const open = async (uptimeMs: number, nowMs: number): Promise<number | undefined> =>
    (await devices.openSession({ deviceId: 'a', boot: 'same', uptimeMs, nowMs })).anchors.get('same');
  assert.equal(await open(5_000, 100_000), 95_000);
  assert.equal(await open(4_000, 200_000), 196_000, 'backwards');
  assert.equal(await open(6_000, 300_000), 196_000, 'forwards again');
  assert.equal(await open(5_999, 400_000), 394_001, 'behind the last one');
});

test('the last sixteen boots of each device are kept, by their newest session, until it is removed', async (t) => {
  const { db } = await openState(t);
  const devices = createDeviceStore(db);
  await devices.add([device('a')]);
  await devices.openSession({ deviceId: 'other', boot: 'b0', uptimeMs: 0, nowMs: 7 });
  for (let boot = 0; boot < 20; boot += 1) {
    await devices.openSession({ deviceId: 'a', boot: `b${boot}`, uptimeMs: 0, nowMs: 1000 + boot });
    // Its first boot stays in use.
    await devices.openSession({ deviceId: 'a', boot: 'b0', uptimeMs: boot, nowMs: 5000 });
  }
  const { anchors } = await devices.openSession({ deviceId: 'a', boot: 'b19', uptimeMs: 5, nowMs: 1 });
  const expected = [['b0', 1000], ...Array.from({ length: 15 }, (_, n) => [`b${n + 5}`, 1005 + n])];
  assert.deepEqual(Object.fromEntries(anchors), Object.fromEntries(expected));
  await devices.remove('a');
  const fresh = await devices.openSession({ deviceId: 'a', boot: 'b21', uptimeMs: 0, nowMs: 9 });
  assert.deepEqual([...fresh.anchors], [['b21', 9]]);
  const other = await devices.openSession({ deviceId: 'other', boot: 'b0', uptimeMs: 1, nowMs: 9 });
  assert.deepEqual([...other.anchors], [['b0', 7]]);
});

test('presence rows replace each other and come back after a restart', async (t) => {
  const { db, restart } = await openState(t);
  const presence = createPresenceStore(db);
  const online = {
    state: 'online',
    reason: 'session-opened',
    sinceMs: 1_700_000_000_000.125,
    epoch: 3,
    n: 1,
    marks: { pongMs: 1.5, dataMs: 2 },
    timing: { heartbeatMs: 30_000, graceMs: 15_000 },
    session: {
      openedMs: 1_700_000_000_000.5,
      deviceType: 'env-sensor@1',
      address: '192.0.2.1',
      firmware: `1.0 "ß"`,
      clock: { driftMs: -0.5, quality: 'good', offsetMs: 3, measuredMs: 1_700_000_000_001 },
    },
  } as const;
  const sleeping: Presence = {
    state: 'sleeping',
    reason: 'bye',
    sinceMs: 5,
    epoch: 1,
    n: 4,
    untilMs: 99.5,
    marks: {},
  };
  const devices = createDeviceStore(db);
  await devices.add([device('a'), device('b'), device('c')]);
  await presence.savePresence([]);
  await presence.savePresence([
    { deviceId: 'a', ...sleeping },
    { deviceId: 'b', ...sleeping },
    { deviceId: 'c', ...online },
  ]);
  await presence.savePresence([{ deviceId: 'a', ...online }]);
  await devices.remove('c');
  await presence.savePresence([{ deviceId: 'c', ...online }]);
  assert.deepEqual(await createPresenceStore(await restart()).loadPresence(), [
    { deviceId: 'a', ...online },
    { deviceId: 'b', ...sleeping },
  ]);
});

test('lists of devices come back after a restart, and go with their device', async (t) => {
  const { db, restart } = await openState(t);
  const devices = createDeviceStore(db);
  await devices.add([device('a'), device('b'), device('__proto__')]);
  const lists = createDeviceListStore<string>(db, 'event');
  await lists.save(new Map());
  await lists.save(new Map([['a', ['1']]]));
  const two = ['2', `"ß' \u2028`];
  const saved = { a: two, b: ['3'], ['__proto__']: ['4'], unknown: ['5'] };
  await lists.save(new Map(Object.entries(saved)));
  assert.equal((await createDeviceListStore(db, 'nack').load(['a'])).size, 0);
  await devices.remove('b');
  const again = createDeviceListStore<string>(await restart(), 'event');
  const loaded = await again.load(['a', 'b', '__proto__', 'unknown', 'c']);
  assert.deepEqual([loaded.size, loaded.get('a'), loaded.get('__proto__')], [2, two, ['4']]);
});

test('refusals come back after a restart, the oldest first', async (t) => {
  const { db, restart } = await openState(t);
  const rejects = createRejectStore(db);
  assert.deepEqual(await rejects.load(), { entries: [], other: 0 });
  const common = { type: 'a@1', stream: 'env', field: '/a', rule: 'maximum', firmware: '' };
  const row = (lastMs: number): StoredReject => ({
    common,
    by: 'd-1',
    count: 2,
    lastMs,
    devices: [['d-1', { count: 2, lastMs, message: '"' }]],
  });
  const changed = new Map([
    ['x', row(9)],
    ['y', row(5)],
    ['z', row(7)],
  ]);
  await rejects.save({ changed, dropped: [], other: 3 });
  await rejects.save({ changed: new Map([['y', row(11)]]), dropped: ['z', 'none'], other: 4 });
  const loaded = await createRejectStore(await restart()).load();
  assert.deepEqual(loaded, { entries: [row(9), row(11)], other: 4 });
});

test('a removal is remembered until its commands have ended and the bus has heard of it', async (t) => {
  const { db, restart } = await openState(t);
  const devices = createDeviceStore(db);
  let removals = createRemovalStore(db);
  await devices.add([device('a'), device('b')]);
  await devices.remove('a');
  await assert.rejects(devices.remove('nobody'));
  await removals.settled('a');
  removals = createRemovalStore(await restart());
  const left = [{ deviceId: 'a', commandsEnded: false }];
  assert.deepEqual(await removals.load(), left, 'its commands come first');
  await removals.commandsEnded(['a', 'b']);
  assert.deepEqual(await removals.load(), [{ deviceId: 'a', commandsEnded: true }]);
  const again = createDeviceStore(await restart());
  await again.add([device('a')]);
  await again.remove('a');
  removals = createRemovalStore(await restart());
  assert.deepEqual(await removals.load(), left, 'a second removal begins anew');
  await removals.commandsEnded(['a']);
  await removals.settled('a');
  assert.deepEqual(await removals.load(), []);
});

test('incidents come back after a restart as they were last told, open ones all and closed ones bounded', async (t) => {
  const { db, restart } = await openState(t);
  const incident = (id: string, sinceMs: number, state: 'open' | 'closed'): StoredIncident => ({
    id,
    sinceMs,
    state,
    kind: 'correlated-loss',
    scope: { by: 'site', value: 'Süd "1"' },
    devices: 2,
    sample: ['a'],
    members: state === 'open' ? ['a', 'b'] : [],
  });
  const store = createIncidentStore(db);
  await store.save([incident('first', 1, 'open'), incident('second', 2, 'open')]);
  await store.save([incident('second', 2, 'open'), { ...incident('second', 2, 'closed'), untilMs: 9 }]);
  const reopened = createIncidentStore(await restart());
  assert.deepEqual(await reopened.load(), [
    incident('first', 1, 'open'),
    { ...incident('second', 2, 'closed'), untilMs: 9 },
  ]);
  await reopened.save(Array.from({ length: 500 }, (_, n) => incident(`later-${n}`, 10 + n, 'closed')));
  const kept = await reopened.load();
  assert.deepEqual(
    [kept.length, kept[0]?.id, kept[1]?.id],
    [501, 'first', 'later-0'],
    'the oldest closed one went, the open one stays',
  );
});

test('the hub keeps its id for good and counts its starts', async (t) => {
  const { db, restart } = await openState(t);
  const first = createHubIdentityStore(db);
  const id = await first.hubId();
  assert.match(id, /^[\w-]{1,64}$/);
  assert.equal(await first.nextIncarnation(), 1);
  assert.equal(await first.hubId(), id);
  const second = createHubIdentityStore(await restart());
  assert.equal(await second.nextIncarnation(), 2);
  assert.equal(await second.hubId(), id);
});
