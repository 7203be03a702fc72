import assert from 'node:assert/strict';
import type { Artifact } from '../../hub/firmware/artifacts/artifact.ts';
import type { Rollout, RolloutTarget } from '../../hub/firmware/rollouts/rollout.ts';
import { newUpdate } from '../../hub/firmware/rollouts/update.ts';
import { contract } from '../helpers/stores/store-kinds.ts';

const artifact: Artifact = {
  type: 'env-sensor',
  version: '2.0.0',
  sha256: 'ab'.repeat(32),
  size: 10,
  signature: 'c2ln',
  addedMs: 1_700_000_000_000.5,
  actor: 'operator:"ß"',
};
const rollout: Rollout = {
  id: 'r-1',
  to: 'type=env-sensor',
  type: 'env-sensor',
  version: '2.0.0',
  sha256: artifact.sha256,
  waves: [1, 2],
  maxFailures: 0,
  deadlineSec: 60,
  soakSec: 60,
  window: { from: '22:00', to: '05:00', zone: 'Europe/Berlin' },
  seed: 4_294_967_295,
  acceptedMs: 1_700_000_000_000.5,
  requester: { actor: 'operator:anna', origin: 'http' },
  status: 'running',
  wave: 0,
  looks: [],
};
const target = (device: string, wave: number): RolloutTarget => ({
  device,
  wave,
  update: { ...newUpdate(1.5, { boot: 'b', firmware: '1', here: true }), error: '"ß" \u0000' },
});
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

contract('a firmware is added once a type and version, and comes back until it is removed', async (state) => {
  assert.equal(await state.stores.artifacts.add(artifact), true);
  assert.equal(await state.stores.artifacts.add({ ...artifact, sha256: '0' }), false);
  assert.equal(await state.stores.artifacts.add({ ...artifact, version: '1.0.0' }), true);
  await state.restart();
  const { artifacts } = state.stores;
  assert.deepEqual(
    (await artifacts.load()).map(({ version, sha256 }) => [version, sha256]),
    [
      ['1.0.0', artifact.sha256],
      ['2.0.0', artifact.sha256],
    ],
  );
  assert.deepEqual((await artifacts.load())[1], artifact);
  await artifacts.remove(artifact);
  assert.equal((await artifacts.load()).length, 1);
});

contract('a rollout comes back with its targets in their order, and is accepted once', async (state) => {
  const targets = [target('b', 1), target('a', 2)];
  assert.equal(await state.stores.rollouts.accept({ rollout, targets }), true);
  const other = { ...rollout, to: 'all' };
  assert.equal(await state.stores.rollouts.accept({ rollout: other, targets: [target('x', 1)] }), false);
  const applying: RolloutTarget = {
    ...target('a', 2),
    update: { ...target('a', 2).update, state: 'applying' },
  };
  const paused: Rollout = { ...rollout, status: 'paused', wave: 2 };
  await state.stores.rollouts.save(paused, [{ index: 1, target: applying }]);
  await state.restart();
  const { rollouts } = state.stores;
  const [found] = await rollouts.open();
  assert.deepEqual(json(found), json({ rollout: paused, targets: [targets[0], applying] }));
  assert.deepEqual(json(await rollouts.find('r-1')), json(found));
  assert.equal(await rollouts.find('r-9'), undefined);
});

contract('a rollout whose updates have ended is kept for a while, and is open no more', async (state) => {
  const { rollouts } = state.stores;
  for (const id of ['r-1', 'r-2'])
    await rollouts.accept({ rollout: { ...rollout, id }, targets: [target('a', 1)] });
  await rollouts.save({ ...rollout, status: 'stopped', endedMs: 100, settled: true }, []);
  assert.deepEqual(
    (await rollouts.open()).map(({ rollout: { id } }) => id),
    ['r-2'],
  );
  assert.deepEqual(
    (await rollouts.list(9)).map(({ id, status }) => [id, status]),
    [
      ['r-2', 'running'],
      ['r-1', 'stopped'],
    ],
  );
  await rollouts.prune(100);
  assert.equal((await rollouts.list(9)).length, 2);
  await rollouts.prune(101);
  assert.deepEqual(
    (await rollouts.list(9)).map(({ id }) => id),
    ['r-2'],
  );
  assert.deepEqual(await state.query('SELECT DISTINCT rollout FROM rollout_target'), [{ rollout: 'r-2' }]);
});
