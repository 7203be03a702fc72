import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noisyNeighbours } from '../../helpers/drills/noisy.ts';

test('one device at a hundred times its rate and one that never reads leave the acks of the others alone', async () => {
  const report = await noisyNeighbours({ devices: 20, runMs: 3_000 });
  assert.ok(report.flooded > 200, `${report.flooded} frames`);
  assert.ok(report.rateAbuseCloses > 0, 'the flood is shut out');
  assert.ok(report.noisyReadings > report.quietReadings * 0.8, JSON.stringify(report));
  // Twice the quiet run, and one flush interval for a machine that does other things as well.
  assert.ok(report.noisyP99Ms <= report.quietP99Ms * 2 + 100, JSON.stringify(report));
});
