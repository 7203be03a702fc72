import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rolloutDrill } from '../../helpers/firmware/rollout-drill.ts';

/** Rollouts by a real hub to simulated devices; `npm run soak -- rollouts` has the good one at full size. */

test('a firmware that reboots every third of 300 devices stops before 46 have it, whatever they say, also when the hub is killed', async (t) => {
  const { rollout, updated, wavesSeen } = await rolloutDrill({
    devices: 300,
    behaviorOf: (index) => (index % 3 === 0 ? 'ill' : 'good'),
    soakSec: 5,
    // What stops it is the comparison.
    request: { maxFailures: 30 },
    killInWave: 2,
    timeoutMs: 180_000,
  });
  const look = rollout.looks.at(-1);
  t.diagnostic(
    JSON.stringify({
      status: rollout.status,
      reason: rollout.reason,
      states: rollout.states,
      updated,
      wavesSeen,
      look,
    }),
  );
  assert.equal(rollout.status, 'stopped', rollout.reason);
  assert.ok(updated <= 45, `${updated} devices were updated`);
  assert.ok(look?.stops === true && look.p < look.level);
  // The looks at earlier waves count as well.
  const troubled = rollout.looks.reduce((sum, { updatedTroubled }) => sum + updatedTroubled, 0);
  assert.ok(troubled >= 3, `${troubled} devices were troubled`);
  assert.ok(look.devices.length > 0 && look.devices.every(({ kinds }) => kinds.includes('rebooted')));
  assert.ok(
    wavesSeen.every((wave, at) => wave >= (wavesSeen[at - 1] ?? 0)),
    'no wave goes back',
  );
});

test('of devices that each fail in their own way, each ends as it is, and the good ones succeed', async () => {
  const behaviors = ['good', 'corrupt', 'rolls-back', 'reboots-in-the-middle', 'good', 'pretends'] as const;
  const { rollout } = await rolloutDrill({
    devices: behaviors.length,
    behaviorOf: (index) => behaviors[index] ?? 'good',
    soakSec: 4,
    request: { waves: ['100%'], maxFailures: 6, deadlineSec: 30 },
    timeoutMs: 90_000,
    untilSettled: true,
  });
  assert.deepEqual(rollout.states, { succeeded: 3, failed: 1, 'rolled-back': 1, 'timed-out': 1 });
});
