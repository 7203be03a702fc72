import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strangers } from '../../helpers/drills/strangers.ts';

test('floods of strangers, and of a device that misbehaves, take nothing from others', async () => {
  const { quietP99Ms, floods } = await strangers({ devices: 10, runMs: 2_500 });
  for (const report of floods) {
    const seen = JSON.stringify({ quietP99Ms, ...report });
    // Every lane of the flood tried at least once; wrong passwords are answered slowly, which is their own affair.
    assert.ok(report.attempts >= 8, seen);
    // Twice the quiet run, and a share for a machine that makes the flood as well.
    assert.ok(report.p99Ms <= quietP99Ms * 2 + 250, seen);
    assert.ok(report.newcomerMs <= 5_000, seen);
    assert.ok(report.foundLateMs >= -200 && report.foundLateMs <= 2_000, seen);
  }
});
