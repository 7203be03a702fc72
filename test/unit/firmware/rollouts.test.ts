import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HubError } from '../../../hub/kernel/errors.ts';
import { VirtualFleet, type Behaviour } from '../../helpers/firmware/virtual-fleet.ts';

const quick = { soakSec: 60, deadlineSec: 300 };

async function started(devices: number, behaviour?: (index: number) => Behaviour): Promise<VirtualFleet> {
  const fleet = new VirtualFleet({ devices, ...(behaviour === undefined ? {} : { behaviour }) });
  await fleet.start();
  return fleet;
}

const refused = (code: string) => (error: unknown) => (error as HubError).code === code;

test('each device ends as it behaved, and one that pretends to have succeeded has not', async () => {
  const kinds: Behaviour[] = [
    'good',
    'fails-to-verify',
    'rolls-back',
    'never-answers',
    'pretends',
    'reboots-in-the-middle',
  ];
  const fleet = await started(kinds.length, (index) => kinds[index] ?? 'good');
  await fleet.begin({ ...quick, waves: ['100%'], maxFailures: 10 });
  assert.ok(await fleet.until(() => fleet.settled, 1_000));
  const ends = fleet
    .record()
    .targets.toSorted((a, b) => (a.device < b.device ? -1 : 1))
    .map(({ update }) => [update.state, update.reason]);
  assert.deepEqual(ends, [
    ['succeeded', undefined],
    ['failed', 'device-says-so'],
    ['rolled-back', 'runs-another-version'],
    ['timed-out', 'no-answer'],
    ['timed-out', 'not-applied'],
    ['succeeded', undefined],
  ]);
  assert.equal(fleet.record().rollout.status, 'finished');
});

test('more failures than allowed stop it, and take the offer back from who has not begun to apply', async () => {
  const fleet = await started(20, (index) => (index % 2 === 0 ? 'fails-to-verify' : 'good'));
  await fleet.begin({ ...quick, waves: ['4', '100%'], maxFailures: 1 });
  assert.ok(await fleet.until(() => fleet.settled, 1_000));
  const { rollout } = fleet.record();
  assert.deepEqual([rollout.status, rollout.reason, rollout.wave], ['stopped', 'too-many-failures', 1]);
  assert.equal(
    fleet.devices.filter(({ offered }) => offered.size > 0).length,
    4,
    'no device of a later wave was asked',
  );
});

test('a pause holds back what has not begun, and a resume goes on', async () => {
  const fleet = await started(10);
  await fleet.begin({ ...quick, waves: ['2', '100%'] });
  await fleet.seconds(3);
  const caller = { requester: { actor: 'operator:anna', origin: 'http' as const } };
  await fleet.rollouts.change('r-1', 'pause', caller);
  await fleet.seconds(500);
  assert.deepEqual(fleet.states(), { succeeded: 2, pending: 8 }, 'what had begun was brought to its end');
  await fleet.rollouts.change('r-1', 'resume', caller);
  assert.ok(await fleet.until(() => fleet.settled, 500));
  assert.deepEqual(fleet.states(), { succeeded: 10 });
  await assert.rejects(fleet.rollouts.change('r-1', 'pause', caller), refused('rollout-conflict'));
});

test('a cancelled rollout asks no further device', async () => {
  const fleet = await started(10);
  await fleet.begin({ ...quick, waves: ['2', '100%'] });
  await fleet.seconds(30);
  await fleet.rollouts.change('r-1', 'cancel', { requester: { actor: 'operator:anna', origin: 'http' } });
  assert.ok(await fleet.until(() => fleet.settled, 500));
  assert.deepEqual(fleet.states(), { succeeded: 2, cancelled: 8 });
});

test('updates begin in the window of the day only', async () => {
  // The clock begins at midnight.
  const fleet = await started(4);
  await fleet.begin({ ...quick, waves: ['1', '100%'], window: { from: '00:05', to: '00:06', zone: 'UTC' } });
  await fleet.seconds(290);
  assert.deepEqual(fleet.states(), { pending: 4 });
  await fleet.seconds(120);
  assert.deepEqual(
    fleet.states(),
    { succeeded: 1, pending: 3 },
    'the first wave was begun, the second came too late',
  );
});

test('a device that is away does not hold the others up, and finds its update when it is back', async () => {
  const fleet = new VirtualFleet({ devices: 4 });
  await fleet.rollouts.start();
  for (const device of fleet.devices.slice(0, 3)) device.connect();
  await fleet.begin({ ...quick, deadlineSec: 3_600, waves: ['2', '3', '100%'] });
  assert.ok(await fleet.until(() => fleet.updated === 3, 600));
  await fleet.seconds(120);
  assert.deepEqual(fleet.states(), { succeeded: 3, offered: 1 });
  fleet.devices[3]?.connect();
  assert.ok(await fleet.until(() => fleet.settled, 600));
  assert.deepEqual(fleet.states(), { succeeded: 4 });
});

test('a device is in one rollout at a time, an id in one, and a rollout asked for twice is one', async () => {
  const fleet = await started(3);
  await fleet.begin(quick);
  await fleet.begin(quick);
  assert.equal(fleet.store.all().length, 1);
  await assert.rejects(fleet.begin({ ...quick, to: 'site=north' }), refused('rollout-exists'));
  await assert.rejects(fleet.begin({ ...quick, id: 'r-2' }), refused('rollout-conflict'));
  assert.deepEqual(fleet.rollouts.rolloutsOf({ type: 'sensor', version: '2.0.0' }), ['r-1']);
});

test('bad requests name the field', async () => {
  const fleet = await started(3);
  const path = (expected: string) => (error: unknown) =>
    (error as HubError).code === 'input-invalid' &&
    JSON.stringify((error as HubError).details).includes(expected);
  await assert.rejects(fleet.begin({ waves: ['5', '2'] }), path('/waves'));
  await assert.rejects(
    fleet.begin({ window: { from: '01:00', to: '02:00', zone: 'Mars' } }),
    path('/window/zone'),
  );
  await assert.rejects(
    fleet.begin({ window: { from: '01:00', to: '01:00', zone: 'UTC' } }),
    path('/window/to'),
  );
});

test('a hub that is killed at any moment goes no wave too far, and every device comes to its end', async () => {
  for (let killAt = 0; killAt < 40; killAt += 1) {
    const fleet = await started(6, (index) => (index === 1 ? 'fails-to-verify' : 'good'));
    await fleet.begin({ ...quick, waves: ['2', '4', '100%'], maxFailures: 6 });
    // At the write of that number the disk takes nothing any more, and a little later the hub dies.
    let writes = 0;
    fleet.store.before = () => {
      writes += 1;
      if (writes > killAt) throw new Error('killed');
    };
    await fleet.until(() => writes > killAt, 300);
    await fleet.seconds(killAt % 3);
    const { rollout, targets } = fleet.record();
    const asked = fleet.devices.filter(({ offered }) => offered.size > 0).map(({ id }) => id);
    for (const id of asked) {
      const { wave = 0 } = targets.find(({ device }) => device === id) ?? {};
      assert.ok(
        wave <= rollout.wave,
        `${id} of wave ${wave} was asked, and the disk knows of ${rollout.wave}`,
      );
    }
    // Also for longer than a device may take to be well.
    await fleet.kill([5, 60, 400][killAt % 3]);
    assert.ok(await fleet.until(() => fleet.settled, 3_000), `killed at write ${killAt}`);
    assert.deepEqual(fleet.states(), { succeeded: 5, failed: 1 }, `killed at write ${killAt}`);
    const ended = fleet.record().rollout;
    assert.equal(ended.status, 'finished');
    for (const { wave, control } of ended.looks)
      assert.equal(control, 6 - (ended.waves[wave - 1] ?? 0), 'it compares with all the others');
  }
});

test('a hub that is back compares only once it knows where the others are', async () => {
  const fleet = await started(40, () => 'fails-to-verify');
  await fleet.begin({ ...quick, waves: ['1', '100%'], maxFailures: 40 });
  await fleet.seconds(8);
  // The only device of the wave gives up meanwhile, and says so when it is back.
  await fleet.kill(60);
  assert.ok(await fleet.until(() => fleet.record().rollout.looks.length > 0, 300));
  assert.ok(await fleet.until(() => fleet.settled, 300));
  const back = fleet.devices.filter(({ offered }) => offered.size > 0).length;
  assert.deepEqual([back, fleet.states()], [40, { failed: 40 }]);
  const { gaps = [], acceptedMs, looks } = fleet.record().rollout;
  const [gap] = gaps;
  assert.ok(gap?.toMs !== undefined && gap.toMs - gap.fromMs > 60_000 && gap.fromMs - acceptedMs < 10_000);
  assert.ok((looks[0]?.atMs ?? 0) >= gap.toMs);
});

test('a word is acked when it is on disk, and refused when the disk does not take it', async () => {
  const fleet = await started(1, () => 'never-answers');
  await fleet.begin(quick);
  await fleet.seconds(2);
  const session = fleet.devices[0]?.session;
  assert.ok(session);
  const frame = { type: 'update-status', re: 'r-1', state: 'applying' } as const;
  fleet.store.before = () => {
    throw new Error('the disk is full');
  };
  const answer = await fleet.rollouts.updateStatus(session, frame);
  assert.deepEqual(answer, { kind: 'refused', refusal: { code: 'overloaded' } });
  fleet.store.before = () => undefined;
  assert.deepEqual(await fleet.rollouts.updateStatus(session, frame), { kind: 'taken' });
  assert.equal(fleet.record().targets[0]?.update.state, 'applying');
  for (let word = 0; word < 10; word += 1) await fleet.rollouts.updateStatus(session, frame);
  const over = await fleet.rollouts.updateStatus(session, frame);
  assert.equal(over.kind === 'refused' && over.refusal.code, 'rate');
});
