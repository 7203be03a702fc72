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
