import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { Postgres } from '../../../hub/adapters/postgres/postgres.ts';
import { Registry } from '../../../hub/registry/registry.ts';
import { Twins } from '../../../hub/twins/twins.ts';
import { newTwin } from '../../../hub/twins/twin.ts';
import { compileDeviceType } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { storedDevice } from '../../helpers/stores/stored-device.ts';
import { alarmChange, storedAlarm, storedGroupCommand } from '../../helpers/stores/stored-records.ts';
import { storedCommand } from '../../helpers/stores/stored-command.ts';
import { meet, online, openSession, twoHubs, type StoredHub } from '../../helpers/stores/two-hubs.ts';

/**
 * Two hubs that change one row at one moment. The second waits for the first, and is then judged by the row as it is; of everything
 * else it sees what was there before it waited: https://www.postgresql.org/docs/15/transaction-iso.html#XACT-READ-COMMITTED
 */

const openHubs = twoHubs();
const hold = (table: string, where: string) => (query: Postgres['query']) =>
  query(`SELECT 1 FROM ${table} WHERE ${where} FOR UPDATE`);

test('of two hubs that take a lease at one moment only one gets it', async (t) => {
  const { a, b, db } = await openHubs(t);
  const tokens = await meet<(number | undefined)[]>(
    db,
    hold('lease', "name = 'leader'"),
    [a, b].map(
      ({ cluster }) =>
        () =>
          cluster.take('leader', 0),
    ),
  );
  assert.deepEqual(
    tokens.filter((token) => token !== undefined),
    [1],
  );
});

test('who takes the gate waits for what its former holder accepts, and finds it when the broker brings it again', async (t) => {
  const { a, b, db } = await openHubs(t);
  await a.cluster.take('gate', 0);
  await a.cluster.leave();
  const delivery = { key: 'k', expiresMs: 9, gateToken: 1 };
  const [acceptance, token] = await meet(db, hold('device_state', "device_id = 'd-1'"), [
    () => a.stores.commands.accept({ command: storedCommand('c-1') }, false, delivery),
    () => b.cluster.take('gate', 1),
  ]);
  assert.deepEqual([acceptance, token], [{ kind: 'added' }, 2]);
  assert.equal(await b.stores.commands.wasDelivered('k'), true);
});

test('what is delivered again while old deliveries are forgotten is not forgotten', async (t) => {
  const { a, b, db } = await openHubs(t);
  await a.stores.commands.accept({ command: storedCommand('c-1') }, false, { key: 'k', expiresMs: 5 });
  const renewed = "UPDATE command_delivery SET expires_ms = 100 WHERE key = 'k'";
  await meet(db, (query) => query(renewed), [() => b.stores.commands.prune(1, 50)]);
  assert.equal(await a.stores.commands.wasDelivered('k'), true);
});

test('what a hub writes late of a group command that another one runs changes nothing', async (t) => {
  const { a, b } = await openHubs(t);
  const groupCommand = storedGroupCommand('g-1');
  const targets = [{ device: 'd-1', status: 'waiting', reason: undefined } as const];
  await a.stores.groupCommands.accept({ groupCommand, targets });
  await a.cluster.leave();
  assert.equal((await b.stores.groupCommands.open()).length, 1);
  await b.stores.groupCommands.save({ ...groupCommand, status: 'finished', endedMs: 5 });
  await a.stores.groupCommands.save({ ...groupCommand, status: 'cancelled', endedMs: 4 });
  assert.equal((await b.stores.groupCommands.find('g-1'))?.groupCommand.status, 'finished');
});

async function oweDead({ stores }: StoredHub, ids: readonly string[]): Promise<void> {
  await stores.webhooks.add({ name: 'w', url: 'https://x', secret: 's', actor: 'local', createdMs: 1 });
  const deliveries = ids.map((id) => ({ id, webhook: 'w', createdMs: 1, body: '{}' }));
  await stores.alarms.save([alarmChange(storedAlarm('d-1', 'offline', 1), { deliveries })]);
  for (const [at, id] of ids.entries())
    await stores.webhooks.bury({ id, webhook: 'w', deadMs: at, error: 'e' }, 9);
}

test('a delivery is claimed by one hub, even of two at one moment, and taken over by another that claims all', async (t) => {
  const { a, b, db } = await openHubs(t);
  await oweDead(a, ['1']);
  await a.stores.webhooks.revive({ webhook: 'w', ids: undefined, limit: 9, nowMs: 5 });
  const deliveries = ['2', '3'].map((id) => ({ id, webhook: 'w', createdMs: 1, body: '{}' }));
  await b.stores.alarms.save([alarmChange(storedAlarm('d-2', 'offline', 1), { deliveries })]);
  const idsOf = (claimed: readonly { id: string }[]) => claimed.map(({ id }) => id);
  const [one, other] = await meet(db, hold('webhook_delivery', "id = '2'"), [
    () => a.deliveries.claim(false),
    () => b.deliveries.claim(false),
  ]);
  assert.deepEqual([idsOf(one), idsOf(other)], [['2', '3'], []]);
  assert.deepEqual(idsOf(await b.deliveries.claim(true)), ['1', '2', '3']);
  assert.deepEqual(idsOf(await a.deliveries.claim(false)), []);
});

test('of two hubs that revive a dead delivery at one moment only one owes it', async (t) => {
  const { a, b, db } = await openHubs(t);
  await oweDead(a, ['1']);
  const revive = { webhook: 'w', ids: undefined, limit: 9, nowMs: 5 };
  const [one, other] = await meet(db, hold('webhook_delivery', "id = '1'"), [
    () => a.stores.webhooks.revive(revive),
    () => b.stores.webhooks.revive(revive),
  ]);
  assert.equal(one.length + other.length, 1);
});

test('a delivery that is revived while a newer dead one pushes it out is still owed', async (t) => {
  const { a, b, db } = await openHubs(t);
  await oweDead(a, ['1', '2']);
  const revived = "UPDATE webhook_delivery SET dead_ms = NULL WHERE id = '1'";
  const bury = { id: '2', webhook: 'w', deadMs: 9, error: 'e' };
  await meet(db, (query) => query(revived), [() => b.stores.webhooks.bury(bury, 1)]);
  const owed = (await a.stores.webhooks.deliveries()).map(({ id }) => id);
  assert.deepEqual(owed, ['1']);
});

test('a webhook that is removed while an alarm changes is owed nothing afterwards', async (t) => {
  const { a, b, db } = await openHubs(t);
  await oweDead(a, []);
  const deliveries = [{ id: '1', webhook: 'w', createdMs: 1, body: '{}' }];
  const owe = () => a.stores.alarms.save([alarmChange(storedAlarm('d-2', 'offline', 2), { deliveries })]);
  const remove = () => b.stores.webhooks.remove('w');
  const left = async () => (await db.query('SELECT id FROM webhook_delivery')).length;
  await meet(db, hold('webhook', "name = 'w'"), [remove, owe]);
  assert.equal(await left(), 0, 'removed first');
  await oweDead(a, []);
  const alarm = storedAlarm('d-2', 'limit', 3);
  const changing = () => a.stores.alarms.save([alarmChange(alarm, { deliveries })]);
  await meet(db, hold('webhook', "name = 'w'"), [changing, remove]);
  assert.equal(await left(), 0, 'owed first');
});

/** The devices as this hub knows them. */
async function registryOf({ stores, news }: StoredHub): Promise<Registry> {
  const registry = new Registry({ store: stores.devices, clock: new ManualClock(), news });
  await registry.load();
  return registry;
}

const secret = (id: string, state: 'active' | 'next') =>
  ({ id, kind: 'secret', material: 'cd'.repeat(32), state, createdMs: 1 }) as const;

test('what two hubs change of one device at one moment is kept, whoever comes first', async (t) => {
  const { a, b, db } = await openHubs(t);
  const changes = [
    (registry: Registry, id: string) =>
      registry.changeCredentials(id, (known) => [...known, secret('new', 'next')]),
    (registry: Registry, id: string) => registry.setDisabled(id, true),
    (registry: Registry, id: string) =>
      registry.changeCredentials(id, (known) => known.filter((each) => each.id !== 'c1')),
    (registry: Registry, id: string) => registry.label(id, { floor: '2' }, []),
    (registry: Registry, id: string) => registry.label(id, { hall: '3' }, ['floor-old']),
    (registry: Registry, id: string) => registry.setRotationDue(id, 7),
  ];
  const hubs = [await registryOf(a), await registryOf(b)] as const;
  const told: string[] = [];
  for (const [at, registry] of hubs.entries())
    registry.follow({ disabled: (id, disabled) => told.push(`${at} ${id} ${disabled}`) });
  for (const [id, order] of [
    ['d-1', changes],
    ['d-2', changes.toReversed()],
  ] as const) {
    const begin = order.map((change, at) => () => change(at % 2 === 0 ? hubs[0] : hubs[1], id));
    // Changes of one hub wait for each other, so that two meet at a time.
    for (let at = 0; at < begin.length; at += 2)
      await meet(db, hold('device', `id = '${id}'`), begin.slice(at, at + 2));
    const now = (await a.stores.devices.load()).find((each) => each.id === id);
    assert.deepEqual(
      [now?.credentials.map((each) => each.id), now?.disabled, now?.labels, now?.rotationDueMs],
      [['new'], true, { floor: '2', hall: '3' }, 7],
      id,
    );
  }
  for (const registry of hubs) await registry.readNews();
  const both = ['0 d-1 true', '0 d-2 true', '1 d-1 true', '1 d-2 true'];
  assert.deepEqual(
    [...new Set(told)].toSorted(),
    both,
    'sessions of a device that another hub has disabled end',
  );
});

test('a next secret that is used while another hub changes its device counts, and the old one is retired', async (t) => {
  const { a, b, db } = await openHubs(t);
  const [here, there] = [await registryOf(a), await registryOf(b)];
  await here.changeCredentials('d-1', (known) => [...known, secret('new', 'next')]);
  await here.setRotationDue('d-1', 7);
  await there.readNews();
  const use = () => here.credentialUsed(here.require('d-1'), 'new') ?? Promise.reject(new Error('not used'));
  const label = () => there.label('d-1', { floor: '2' }, []);
  await meet(db, hold('device', "id = 'd-1'"), [label, use]);
  const [now] = await a.stores.devices.load();
  assert.deepEqual(now?.credentials, [secret('new', 'active')]);
  assert.deepEqual([now.labels, now.rotationDueMs], [{ floor: '2' }, undefined]);
  assert.deepEqual(here.require('d-1').credentials, now.credentials);
});

const settings = {
  type: 'object',
  properties: { level: { type: 'integer' }, note: { type: 'string', maxLength: 9 } },
  additionalProperties: false,
};
const type = compileDeviceType(
  {
    name: 'valve',
    version: 1,
    streams: { s: { ...settings, required: ['level'] } },
    presence: { heartbeatSec: 30 },
    twin: { desired: settings, reported: settings },
  },
  'valve@1.json',
);
const requester = { actor: 'operator:anna', origin: 'http' } as const;

/** The twins as this hub has them in memory, with that of d-1 read. */
async function twinsOf({ stores }: StoredHub): Promise<Twins> {
  const twins = new Twins({
    clock: new ManualClock(),
    log: silentLog,
    audit: {
      record: () => Promise.resolve(),
      entryOf: (event) => ({ ...event, timeMs: 0 }),
      noted() {},
      refused() {},
    },
    store: stores.twins,
    sessions: { openSessions: () => [] },
    requireType: () => type,
    followers: [],
    several: true,
  });
  await twins.read('d-1');
  return twins;
}

test('what two hubs change of one twin at one moment is kept, and a change that builds on a revision is refused', async (t) => {
  const { a, b, db } = await openHubs(t);
  // It has a row, so that there is one to be held.
  await a.stores.twins.save([{ device: 'd-1', twin: newTwin, changes: [] }]);
  const [here, there] = [await twinsOf(a), await twinsOf(b)];
  const revs = await meet(db, hold('twin', "device_id = 'd-1'"), [
    () => here.change({ device: 'd-1', patch: { level: 3 }, requester }),
    () => there.change({ device: 'd-1', patch: { note: 'x' }, requester }),
  ]);
  assert.deepEqual(revs, [1, 2]);
  assert.deepEqual((await a.stores.twins.find('d-1'))?.desired, { level: 3, note: 'x' });
  const newest = await twinsOf(a);
  const [first, second] = await meet(db, hold('twin', "device_id = 'd-1'"), [
    () => there.change({ device: 'd-1', patch: { level: 4 }, requester, ifRevs: [2] }),
    () =>
      newest
        .change({ device: 'd-1', patch: { level: 5 }, requester, ifRevs: [2] })
        .catch((error: unknown) => error),
  ]);
  assert.equal(first, 3);
  assert.ok(second instanceof HubError && second.code === 'twin-changed');
  assert.deepEqual(second.details, { rev: 3 });
  const history = await a.stores.twins.history('d-1', 9);
  assert.deepEqual(
    history.map(({ rev, patch }) => [rev, patch]),
    [
      [3, { level: 4 }],
      [2, { note: 'x' }],
      [1, { level: 3 }],
    ],
  );
  const audited = await db.query("SELECT 1 FROM audit WHERE action = 'twin.set'");
  assert.equal(audited.length, 3, 'a change that is made again is one entry');
});

for (const first of ['desired', 'reported']) {
  test(`neither what is desired nor what a device reports is lost when it moves in between: ${first} first`, async (t) => {
    const { a, b, db } = await openHubs(t);
    await a.stores.twins.save([{ device: 'd-1', twin: newTwin, changes: [] }]);
    const [here, there] = [await twinsOf(a), await twinsOf(b)];
    const outbox = { maxFrameBytes: 9_999, binary: false, bytesOf: () => 9, congested: false };
    const session = { deviceId: 'd-1', type, isOpen: true, outbox, send: () => true };
    there.sessionOpened(session, undefined, undefined);
    const both: (() => Promise<unknown>)[] = [
      () => here.change({ device: 'd-1', patch: { level: 3 }, requester }),
      () => there.reported(session, { type: 'reported', id: 'r-1', patch: { note: 'x' } }),
    ];
    await meet(db, hold('twin', "device_id = 'd-1'"), first === 'desired' ? both : both.toReversed());
    const now = await a.stores.twins.find('d-1');
    assert.deepEqual([now?.rev, now?.desired, now?.reported], [1, { level: 3 }, { note: 'x' }]);
  });
}

test('of two hubs that write the first twin of a device at one moment neither is lost', async (t) => {
  const { a, b, db } = await openHubs(t);
  const [here, there] = [await twinsOf(a), await twinsOf(b)];
  await meet(db, hold('device', "id = 'd-1'"), [
    () => here.change({ device: 'd-1', patch: { level: 3 }, requester }),
    () => there.change({ device: 'd-1', patch: { note: 'x' }, requester }),
  ]);
  assert.deepEqual((await a.stores.twins.find('d-1'))?.desired, { level: 3, note: 'x' });
});

/** Tables in which something of the device is kept. */
async function keptOf(db: Postgres, device: string): Promise<string[]> {
  const kept: string[] = [];
  for (const table of ['device_list', 'twin_change', 'alarm', 'boot_anchor'])
    if ((await db.query(`SELECT 1 FROM ${table} WHERE device_id = $1`, [device])).length > 0)
      kept.push(table);
  const state = 'SELECT 1 FROM device_state WHERE device_id = $1 AND state IS NOT NULL';
  const twin = "SELECT 1 FROM twin WHERE device_id = $1 AND desired <> '{}'";
  if ((await db.query(state, [device])).length > 0) kept.push('device_state');
  if ((await db.query(twin, [device])).length > 0) kept.push('twin');
  return kept;
}

/** Everything that hubs write of a device, and the row that puts it in order with a removal. */
const writes: Readonly<
  Record<string, { row: string; write: (hub: StoredHub, epoch: number) => Promise<unknown> }>
> = {
  twin: {
    row: 'device',
    write: ({ stores }) =>
      stores.twins.save([
        { device: 'd-1', twin: { ...newTwin, rev: 1, desired: { a: 1 } }, changes: [change] },
      ]),
  },
  alarm: {
    row: 'device',
    write: ({ stores }) => stores.alarms.save([alarmChange(storedAlarm('d-1', 'offline', 1))]),
  },
  event: { row: 'device', write: ({ stores }) => stores.events.save(new Map([['d-1', () => []]])) },
  presence: {
    row: 'device_state',
    write: ({ stores }, epoch) => stores.presence.savePresence([online('d-1', epoch)]),
  },
  session: {
    row: 'device_state',
    write: ({ stores }) =>
      stores.devices.openSession({ deviceId: 'd-1', boot: 'late', uptimeMs: 1, nowMs: 2 }),
  },
};
const change = {
  rev: 1,
  timeMs: 1,
  patch: { a: 1 },
  requester,
} as const;

for (const [what, { row, write }] of Object.entries(writes)) {
  test(`nothing is left of a device that one hub removes while another writes of it: ${what}`, async (t) => {
    const { a, b, db } = await openHubs(t);
    let { epoch } = await openSession(a);
    const remove = () => b.stores.devices.remove('d-1');
    const writing = () => write(a, epoch);
    // The removal is held up at its last table.
    await meet(db, hold('boot_anchor', "device_id = 'd-1'"), [remove, writing]);
    assert.deepEqual(await keptOf(db, 'd-1'), [], 'removed first');
    await a.stores.devices.add([storedDevice('d-1')]);
    ({ epoch } = await openSession(a));
    await meet(db, hold(row, row === 'device' ? "id = 'd-1'" : "device_id = 'd-1'"), [writing, remove]);
    assert.deepEqual(await keptOf(db, 'd-1'), [], 'written first');
  });
}

test('a hub that is frozen within a transaction holds the rows of the others for a few seconds at most, and has changed nothing', async (t) => {
  const { db } = await openHubs(t);
  const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>();
  const { promise: held, resolve: holds } = Promise.withResolvers<void>();
  const reason = (by: string) => `UPDATE device_state SET reason = '${by}' WHERE device_id = 'd-1'`;
  const frozen = db.transaction(async (query) => {
    await query(reason('frozen'));
    holds();
    await thawed;
  });
  await held;
  await db.longQuery(reason('other'));
  thaw();
  await assert.rejects(frozen, (error) => error instanceof HubError && error.code === 'database-failed');
  const [row] = await db.query("SELECT reason FROM device_state WHERE device_id = 'd-1'");
  assert.equal(row?.['reason'], 'other');
});
