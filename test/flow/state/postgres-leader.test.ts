import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rollout } from '../../../hub/firmware/rollouts/rollout.ts';
import { newUpdate } from '../../../hub/firmware/rollouts/update.ts';
import type { StoredIncident } from '../../../hub/incidents/incident-log.ts';
import type { GroupTwin } from '../../../hub/twins/group/group-twin.ts';
import { beginIncarnation } from '../../../hub/adapters/postgres/postgres-state.ts';
import { lead } from '../../helpers/stores/store-kinds.ts';
import { storedGroupCommand, storedSchedule } from '../../helpers/stores/stored-records.ts';
import { meet, openSession, twoHubs, type StoredHub } from '../../helpers/stores/two-hubs.ts';

/** What the leader alone writes, and what a former leader still writes. */

const openHubs = twoHubs();
const requester = { actor: 'operator:anna', origin: 'http' } as const;

const rollout: Rollout = {
  id: 'r-1',
  to: 'all',
  type: 'env-sensor',
  version: '2.0.0',
  sha256: 'ab'.repeat(32),
  waves: [1],
  maxFailures: 0,
  deadlineSec: 60,
  soakSec: 60,
  seed: 1,
  acceptedMs: 1,
  requester,
  status: 'running',
  wave: 0,
  looks: [],
};
const groupTwin: GroupTwin = {
  id: 'gt-1',
  to: 'all',
  patch: {},
  wave: 1,
  maxFailures: 0,
  settleSec: 5,
  acceptedMs: 1,
  requester,
  status: 'running',
};
const waiting = { device: 'd-1', status: 'waiting', reason: undefined } as const;
const update = newUpdate(1, { boot: 'b', firmware: '1', here: true });

/** What it writes, with a number by which that is known again when it is read. */
const writes: Readonly<
  Record<
    string,
    { write: (hub: StoredHub, by: number) => Promise<unknown>; read: (hub: StoredHub) => Promise<unknown> }
  >
> = {
  schedule: {
    write: ({ stores }, by) => stores.schedules.save(storedSchedule('nightly', { lastMs: by })),
    read: async ({ stores }) => (await stores.schedules.load())[0]?.lastMs,
  },
  rollout: {
    async write({ stores }, by) {
      await stores.rollouts.accept({ rollout, targets: [{ device: 'd-1', wave: 1, update }] });
      const target = { device: 'd-1', wave: 1, update: { ...update, sinceMs: by } };
      await stores.rollouts.save({ ...rollout, endedMs: by }, [{ index: 0, target }]);
    },
    async read({ stores }) {
      const record = await stores.rollouts.find('r-1');
      assert.equal(record?.targets[0]?.update.sinceMs, record?.rollout.endedMs);
      return record?.rollout.endedMs;
    },
  },
  'change of many twins': {
    async write({ stores }, by) {
      await stores.groupTwins.accept({ groupTwin, targets: [waiting] });
      const target = { ...waiting, status: 'skipped', reason: `${by}` } as const;
      await stores.groupTwins.save({ ...groupTwin, endedMs: by }, [{ index: 0, target }]);
      const late = { ...target, status: 'failed' } as const;
      await stores.groupTwins.saveTargets('gt-1', [{ index: 0, target: late }]);
    },
    async read({ stores }) {
      const record = await stores.groupTwins.find('gt-1');
      assert.equal(record?.targets[0]?.reason, record && `${record.groupTwin.endedMs}`);
      return record?.groupTwin.endedMs;
    },
  },
  'progress of roll-ups': {
    write: ({ stores }, by) => stores.upkeep.save(by),
    read: ({ stores }) => stores.upkeep.load(),
  },
};

for (const [what, { write, read }] of Object.entries(writes)) {
  test(`what a former leader still writes changes nothing: ${what}`, async (t) => {
    const { a, b, db } = await openHubs(t);
    // Whoever does not lead may be told so, or not.
    const tried = (hub: StoredHub, by: number) => write(hub, by).catch(() => undefined);
    await tried(b, 1);
    assert.equal(await read(a), undefined, 'nobody leads');
    assert.equal(await lead(a.cluster), true);
    await write(a, 2);
    assert.equal(await read(b), 2);
    await a.cluster.leave();
    const takeOver = () => lead(b.cluster);
    const lease = (query: (sql: string) => Promise<unknown>) =>
      query("SELECT 1 FROM lease WHERE name = 'leader' FOR UPDATE");
    // It waits for who takes the lease, and does not lead then.
    assert.equal((await meet(db, lease, [takeOver, () => tried(a, 3)]))[0], true);
    assert.equal(await read(b), 2, 'written while another hub began to lead');
    await write(b, 4);
    await tried(a, 5);
    assert.equal(await read(a), 4);
  });
}

test('a schedule that a former leader accepts is refused, because no hub would run it', async (t) => {
  const { a, b } = await openHubs(t);
  await lead(a.cluster);
  await assert.rejects(b.stores.schedules.save(storedSchedule('late')), { code: 'database-failed' });
  await a.stores.schedules.save(storedSchedule('nightly'));
  await b.stores.schedules.remove('nightly');
  assert.equal((await b.stores.schedules.load()).length, 1);
});

test('what the former runner of a group command writes late of its devices changes nothing', async (t) => {
  const { a, b } = await openHubs(t);
  const groupCommand = storedGroupCommand('g-1');
  await a.stores.groupCommands.accept({ groupCommand, targets: [waiting] });
  await a.cluster.leave();
  await b.stores.groupCommands.open();
  await b.stores.groupCommands.saveTargets('g-1', [{ index: 0, target: { ...waiting, status: 'accepted' } }]);
  await a.stores.groupCommands.saveTargets('g-1', [{ index: 0, target: waiting }]);
  const ended = { ...groupCommand, status: 'stopped', endedMs: 5 } as const;
  const skipped = { ...waiting, status: 'skipped' } as const;
  assert.equal(await a.stores.groupCommands.save(ended, [{ index: 0, target: skipped }]), false);
  const [target] = (await b.stores.groupCommands.find('g-1'))?.targets ?? [];
  assert.equal(target?.status, 'accepted');
});

const incident: StoredIncident = {
  id: 'a-1-1',
  kind: 'flapping',
  state: 'open',
  sinceMs: 1,
  devices: 1,
  sample: ['d-1'],
  members: ['d-1'],
};

test('an incident is told by one hub: by another once that one has ended, and by the former one no more', async (t) => {
  const { a, b } = await openHubs(t);
  await a.stores.incidents.save([incident]);
  assert.deepEqual(await b.stores.incidents.load(), [], 'the hub that tells of it lives');
  assert.deepEqual(
    (await b.stores.incidents.ofOthers()).map(({ id }) => id),
    ['a-1-1'],
  );
  await b.stores.incidents.save([{ ...incident, state: 'closed', members: [] }]);
  assert.deepEqual(await a.stores.incidents.load(), [incident], 'it is not for another hub to close it');
  await a.cluster.leave();
  assert.deepEqual(await b.stores.incidents.load(), [incident]);
  assert.deepEqual(await b.stores.incidents.ofOthers(), []);
  await a.stores.incidents.save([{ ...incident, state: 'closed', members: [] }]);
  assert.deepEqual(await b.stores.incidents.load(), [incident], 'closed too late');
  await b.stores.incidents.save([{ ...incident, devices: 2 }]);
  assert.equal((await b.stores.incidents.load())[0]?.devices, 2);
});

test('an end that its hub did not get to publish is owed by the hub that takes it over, and by no other, until it is published', async (t) => {
  const { a, b } = await openHubs(t);
  const ended: StoredIncident = { ...incident, state: 'closed', members: [] };
  const owed: StoredIncident = { ...ended, owed: true };
  await a.stores.incidents.save([owed]);
  assert.deepEqual(await b.stores.incidents.load(), [ended], 'the hub that publishes it lives');
  await a.cluster.leave();
  assert.deepEqual(await b.stores.incidents.load(), [owed]);
  await b.stores.incidents.save([ended]);
  assert.deepEqual(await b.stores.incidents.load(), [ended]);
});

test('a hub that comes back after its rows are gone goes on from its own number of starts', async (t) => {
  const { a, b, db } = await openHubs(t);
  assert.equal(await beginIncarnation(db, 'a', '0.0.0'), 2);
  await openSession(b);
  const age = "UPDATE hub SET state = 'left', ended_at = now() - interval '2 days' WHERE id = $1";
  for (const id of ['a', 'b']) await db.query(age, [id]);
  assert.equal(await beginIncarnation(db, 'c', '0.0.0'), 1);
  const left = await db.query("SELECT id FROM hub WHERE id <> 'c'");
  assert.deepEqual(
    left.map(({ id }) => id),
    ['b'],
    'a device names it',
  );
  assert.equal(await beginIncarnation(db, 'a', '0.0.0'), 3);
  await db.query('UPDATE device_state SET hub = NULL, inc = NULL');
  await beginIncarnation(db, 'c', '0.0.0');
  assert.equal(await beginIncarnation(db, 'b', '0.0.0'), 2);
  assert.equal(a.owner.incarnation, 1);
});
