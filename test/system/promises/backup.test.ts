import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backupRounds } from '../../helpers/drills/backup-rounds.ts';

test('every backup under load is whole and has all that was promised before; restored, every command ends', async () => {
  const report = await backupRounds({ devices: 20, perSec: 10, rounds: 5 });
  assert.deepEqual(report.missing, []);
  assert.ok(report.acked > 0 && report.promised > 0);
  assert.ok(report.restored >= report.promised);
  assert.deepEqual([report.open, report.online], [0, 20]);
});
