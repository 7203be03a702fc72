import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../device-sim/device/random.ts';
import { hubChaos } from '../../helpers/drills/hubs/hub-chaos.ts';

test(
  'whatever befalls two hubs that are one, readings are stored once, commands run once and end as the device says, and presence is true',
  { timeout: 300_000 },
  async (t) => {
    const report = await hubChaos({
      hubs: 2,
      devices: 15,
      perSec: 4,
      commandsPerSec: 8,
      faults: ['site', 'kill', 'cut-state', 'influx-and-kill', 'hammer', 'broker', 'freeze-long'],
      spool: 'state',
      random: seededRandom('two-hubs'),
      say: (text) => t.diagnostic(text),
    });
    const { missing, strange, faults } = report;
    const wrong = [missing, strange, ...Object.values(faults)].flat();
    assert.deepEqual(wrong, [], JSON.stringify(faults));
    assert.equal(report.acked, report.sent);
    assert.ok(report.commands.executions > 20, JSON.stringify(report.commands));
    assert.ok(report.starts > 2, 'a hub was started again');
  },
);
