import assert from 'node:assert/strict';
import { keptTwinChanges } from '../../schemas/api/twins/twins.ts';
import { newTwin, type Twin } from '../../hub/twins/twin.ts';
import type { DesiredChange } from '../../hub/twins/twin-store.ts';
import type { GroupTwin } from '../../hub/twins/group/group-twin.ts';
import { contract } from '../helpers/stores/store-kinds.ts';
import { storedDevice } from '../helpers/stores/stored-device.ts';

const requester = { actor: 'operator:anna', origin: 'http' } as const;
const change = (rev: number, overrides: Partial<DesiredChange> = {}): DesiredChange => ({
  rev,
  timeMs: 1_700_000_000_000.5,
  patch: { a: null, b: { c: rev } },
  requester,
  ...overrides,
});
const twin: Twin = {
  ...newTwin,
  desired: { text: '"ß" \u0000', n: 1.5 },
  rev: 1,
  changedMs: 1.5,
  reported: { text: 'x' },
  reportedMs: 2.5,
  dealtRev: 1,
  errors: [{ path: '/n', code: 'too-large' }] as never,
  verdictMs: 3.5,
};

contract('twins come back after a restart, by device, with their history and the audit', async (state) => {
  const { twins, devices } = state.stores;
  await devices.add([storedDevice('a'), storedDevice('b'), storedDevice('c')]);
  await twins.save([
    { device: 'b', twin, changes: [change(1, { dropped: ['/old'] }), change(2)] },
    { device: 'a', twin: { ...newTwin, rev: 7 }, changes: [] },
    { device: 'unknown', twin, changes: [change(1)] },
  ]);
  const from = { ...newTwin, rev: 7 };
  assert.deepEqual(await twins.save([{ device: 'a', twin: { ...newTwin, rev: 8 }, from, changes: [] }]), []);
  await state.restart();
  const again = state.stores.twins;
  const page = await again.page('', 9);
  assert.deepEqual(
    page.map((row) => row.device),
    ['a', 'b'],
  );
  assert.deepEqual(page[1]?.twin, twin);
  assert.equal((await again.find('a'))?.rev, 8);
  assert.equal(await again.find('unknown'), undefined, 'what is not registered is not kept');
  assert.deepEqual(
    (await again.page('a', 1)).map((row) => row.device),
    ['b'],
  );
  const history = await again.history('b', 9);
  assert.deepEqual(
    history.map(({ rev, dropped }) => [rev, dropped]),
    [
      [2, undefined],
      [1, ['/old']],
    ],
    'newest first',
  );
  assert.deepEqual(history[0]?.patch, { a: null, b: { c: 2 } });
  const audited = await state.first.audit.list({ limit: 9 });
  assert.deepEqual(
    audited.map(({ subject, actor }) => `${subject} ${actor}`),
    ['b operator:anna', 'b operator:anna'],
  );
});

contract('the newest changes of each device are kept', async ({ stores }) => {
  const { twins, devices } = stores;
  await devices.add([storedDevice('a'), storedDevice('b')]);
  const changes = Array.from({ length: keptTwinChanges + 5 }, (_, n) => change(n + 1));
  await twins.save([{ device: 'b', twin, changes: [change(1)] }]);
  await twins.save([{ device: 'a', twin, changes }]);
  const history = await twins.history('a', 1_000);
  assert.deepEqual([history.length, history.at(-1)?.rev], [keptTwinChanges, 6]);
  assert.equal((await twins.history('b', 9)).length, 1);
});

contract('of a removed device the revision stays, raised', async ({ stores }) => {
  const { twins, devices } = stores;
  await devices.add([storedDevice('a')]);
  await twins.save([{ device: 'a', twin, changes: [change(1)] }]);
  await devices.remove('a');
  assert.deepEqual(await twins.page('', 9), []);
  await devices.add([storedDevice('a')]);
  const left = await twins.find('a');
  assert.deepEqual([left?.rev, left?.desired, left?.dealtRev, left?.reportedMs], [2, {}, 0, undefined]);
  assert.deepEqual(await twins.history('a', 9), []);
});

function groupTwin(id: string, overrides: Partial<GroupTwin> = {}): GroupTwin {
  return {
    id,
    to: 'all',
    patch: { a: '"ß"' },
    wave: 1,
    maxFailures: 0,
    settleSec: 5,
    acceptedMs: 1.5,
    requester,
    status: 'running',
    ...overrides,
  };
}

contract(
  'a group twin comes back after a restart with its targets, and is forgotten long after its end',
  async (state) => {
    const { groupTwins } = state.stores;
    const targets = ['d-2', 'd-1'].map(
      (device) => ({ device, status: 'waiting', reason: undefined }) as const,
    );
    assert.equal(await groupTwins.accept({ groupTwin: groupTwin('t-1'), targets }), true);
    assert.equal(await groupTwins.accept({ groupTwin: groupTwin('t-1', { wave: 9 }), targets }), false);
    await groupTwins.accept({ groupTwin: groupTwin('t-2'), targets: targets.slice(1) });
    const failed = { device: 'd-1', status: 'failed', reason: 'refused' } as const;
    await groupTwins.saveTargets('t-1', [{ index: 1, target: failed }]);
    const skipped = { device: 'd-1', status: 'skipped', reason: undefined } as const;
    await groupTwins.save(groupTwin('t-2', { status: 'finished', endedMs: 7 }), [
      { index: 0, target: skipped },
    ]);
    await state.restart();
    const again = state.stores.groupTwins;
    assert.deepEqual((await again.find('t-2'))?.targets, [skipped], 'written together with its end');
    const running = { groupTwin: groupTwin('t-1'), targets: [targets[0], failed] };
    assert.deepEqual(await again.open(), [running]);
    assert.deepEqual(await again.find('t-1'), running);
    assert.deepEqual(
      (await again.list(9)).map(({ id, status }) => `${id} ${status}`),
      ['t-2 finished', 't-1 running'],
    );
    await again.prune(7);
    assert.equal((await again.list(9)).length, 2);
    await again.prune(8);
    assert.equal(await again.find('t-2'), undefined);
    assert.equal((await again.list(9)).length, 1);
  },
);
