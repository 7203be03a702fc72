import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../device-sim/device/random.ts';
import { killRounds } from '../../helpers/drills/kill-rounds.ts';

test('whatever is killed under load, every acked reading is in InfluxDB once, and the ledger balances', async () => {
  const report = await killRounds({ devices: 20, perSec: 10, rounds: 3, random: seededRandom('small') });
  assert.deepEqual(report.missing, []);
  assert.deepEqual(report.strange, []);
  assert.equal(report.acked, report.sent);
  assert.equal(report.ledger.imbalance, 0);
  assert.equal(report.imbalances, 0);
});
