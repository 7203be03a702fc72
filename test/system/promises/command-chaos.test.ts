import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommandChaos } from '../../helpers/drills/command-chaos.ts';

/** The full size is in test/soak. */
const small = { commands: 120, devices: 12, rate: 15, killEveryMs: 1_500, settleMs: 50_000 };

test('commands end as their devices say, whatever is killed; what the embedded broker PUBACKed is kept', async () => {
  const report = await runCommandChaos({ ...small, broker: 'embedded', seed: 'embedded' });
  assert.ok(report.executions > 0 && (report.kills['hub'] ?? 0) > 0, JSON.stringify(report));
});
