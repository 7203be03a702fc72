import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualFleet } from '../../helpers/firmware/virtual-fleet.ts';

const soak = { soakSec: 120, deadlineSec: 600 };

test('a release that reboots every third device a minute later is stopped before more than 45 of 300 have it', async () => {
  const fleet = new VirtualFleet({
    devices: 300,
    behaviour: (index) => (index % 3 === 0 ? 'ill' : 'good'),
    rebootsPerMinute: 0.002,
  });
  await fleet.start();
  await fleet.begin(soak);
  assert.ok(await fleet.until(() => fleet.settled, 7_200), 'it ends');
  const { rollout, targets } = fleet.record();
  assert.deepEqual([rollout.status, rollout.reason], ['stopped', 'devices-do-worse']);
  assert.ok(fleet.updated <= 45, `${fleet.updated} devices were updated`);
  assert.deepEqual(fleet.audited, ['rollout.stop']);
  const look = rollout.looks.at(-1);
  assert.ok(look !== undefined && look.stops && look.p < look.level);
  const troubled = rollout.looks.reduce((sum, each) => sum + each.updatedTroubled, 0);
  assert.ok(troubled >= 3, `${troubled} troubled devices`);
  assert.ok(look.devices.every(({ kinds }) => kinds.includes('rebooted')));
  // Each said that it had succeeded.
  const updated = targets.filter(({ update }) => update.soakedMs !== undefined);
  assert.equal(updated.length, fleet.updated);
  assert.ok(updated.every(({ update }) => update.said === 'succeeded'));
  const others = targets.filter(({ update }) => update.soakedMs === undefined);
  assert.ok(others.every(({ update }) => update.state === 'cancelled'));
});

test('an ill release is found although the hub is away while its devices reboot', async () => {
  const fleet = new VirtualFleet({ devices: 300, behaviour: (index) => (index % 3 === 0 ? 'ill' : 'good') });
  await fleet.start();
  await fleet.begin(soak);
  for (const wave of [1, 2, 3]) {
    const begins = () => fleet.record().rollout.wave === wave || fleet.settled;
    assert.ok(await fleet.until(begins, 2_000), `wave ${wave} begins`);
    await fleet.seconds(30);
    await fleet.kill(500);
  }
  assert.ok(await fleet.until(() => fleet.settled, 3_000), 'it ends');
  assert.equal(fleet.record().rollout.reason, 'devices-do-worse');
  assert.ok(fleet.updated <= 45, `${fleet.updated} devices were updated`);
});

test('a good release ends whole although the hub is killed in every wave and is away for longer than the soak takes', async () => {
  for (const awaySec of [1, 30, 500]) {
    const fleet = new VirtualFleet({ devices: 300, seed: awaySec });
    await fleet.start();
    await fleet.begin(soak);
    for (let wave = 1; wave <= 5; wave += 1) {
      assert.ok(await fleet.until(() => fleet.record().rollout.wave === wave, 2_000), `wave ${wave} begins`);
      // The few of the first wave have almost been well for long enough; of the others some download and some soak.
      await fleet.seconds(wave === 1 ? 130 : 10 + wave * 5);
      await fleet.kill(awaySec);
    }
    assert.ok(await fleet.until(() => fleet.settled, 3_000), 'it ends');
    assert.deepEqual(fleet.states(), { succeeded: 300 }, `away for ${awaySec} s`);
    const { rollout } = fleet.record();
    assert.equal(rollout.status, 'finished');
    for (const { wave, control } of rollout.looks)
      assert.equal(
        control,
        300 - (rollout.waves[wave - 1] ?? 0),
        `the look after wave ${wave} sees the others`,
      );
  }
});

test('20 of 20 good releases for 300 devices end without a stop, although some devices reboot for no reason', async () => {
  let stops = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const fleet = new VirtualFleet({ devices: 300, rebootsPerMinute: 0.02, seed });
    await fleet.start();
    await fleet.begin(soak);
    assert.ok(await fleet.until(() => fleet.settled, 14_400), `run ${seed} ends`);
    if (fleet.record().rollout.status !== 'finished') stops += 1;
    assert.equal(fleet.updated, 300, `run ${seed}`);
  }
  assert.equal(stops, 0);
});
