import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { halfOpen, restarts, rolling, siteLoss, stall } from '../../soak/scenarios.ts';

/** The scenarios of `npm run soak`, small: real hub processes, a real broker, devices on wss. */

void describe('presence and long connections', { concurrency: 3 }, () => {
  test('a hub that is blocked for five seconds calls nobody offline', async () => {
    const { offline, online, devices } = await stall(60, { rounds: 1 });
    assert.deepEqual({ offline, online }, { offline: 0, online: devices });
  });

  test('a hub that is killed again and again calls nobody offline but the dead', async () => {
    const seen = await restarts(60, { kills: 3, dead: 5 });
    assert.deepEqual([seen.falseOffline, seen.trueFound, seen.online], [0, 5, 55], JSON.stringify(seen));
    assert.deepEqual(seen.reasons, ['not-seen-since-restart']);
  });

  test('dead links and hung applications are found in time and told apart', async () => {
    const seen = await halfOpen(80, { faulty: 15 });
    assert.deepEqual(
      [seen.found, seen.falseOffline, seen.noHeartbeat, seen.linkLost],
      [30, 0, 15, 15],
      JSON.stringify(seen),
    );
    assert.ok(seen.timerEarliestMs >= -5, `nobody is judged early: ${seen.timerEarliestMs} ms`);
    // Half a second is promised; a machine that runs many tests at once gets as much again.
    assert.ok(seen.timerLatestMs <= 1_000, `found in time: ${seen.timerLatestMs} ms`);
  });

  test('a rolling restart loses no acked reading, and devices come back in their slots', async () => {
    const seen = await rolling(80, { acceptPerSec: 40, restartMs: 8_000 });
    assert.deepEqual(
      [seen.exitCode, seen.slots, seen.lost, seen.falseOffline],
      [0, 80, 0, 0],
      JSON.stringify(seen),
    );
    assert.ok(seen.ackedPoints > 0);
    assert.ok(seen.peakPerSec <= 2 * seen.plannedPerSec, JSON.stringify(seen));
  });

  test('a site that loses its network is one incident', async () => {
    const { incidents, listed, first, last } = await siteLoss(60, { lost: 20 });
    assert.deepEqual([incidents, listed], [1, 1]);
    assert.deepEqual(first?.scope, { by: 'site', value: 'north' });
    assert.deepEqual([last?.state, last?.devices], ['closed', 20]);
  });
});
