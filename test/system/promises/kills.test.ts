import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../device-sim/device/random.ts';
import { killRounds } from '../../helpers/drills/kill-rounds.ts';

test('whatever is killed under load, every acked reading is stored once, every command ends as its device says and nobody is called offline', async () => {
  const report = await killRounds({
    devices: 20,
    perSec: 10,
    commandsPerSec: 10,
    rounds: 3,
    random: seededRandom('small'),
  });
  assert.deepEqual(report.missing, []);
  assert.deepEqual(report.strange, []);
  assert.equal(report.acked, report.sent);
  assert.equal(report.ledger.imbalance, 0);
  assert.equal(report.imbalances, 0);
  assert.ok(report.commands.executions > 0, JSON.stringify(report.commands));
  assert.deepEqual(report.falselyOffline, []);
});
