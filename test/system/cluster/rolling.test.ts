import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../device-sim/device/random.ts';
import { hubChaos } from '../../helpers/drills/hubs/hub-chaos.ts';

const load = { devices: 15, perSec: 4, commandsPerSec: 8 };

test(
  'three hubs are started again one after the other under load: no acked reading is lost, no device is said to be offline, and commands end truly',
  { timeout: 300_000 },
  async (t) => {
    const report = await hubChaos({
      ...load,
      hubs: 3,
      faults: ['roll'],
      random: seededRandom('rolling'),
      say: (text) => t.diagnostic(text),
    });
    const { missing, strange, faults, lost } = report;
    assert.deepEqual([missing, strange, ...Object.values(faults)].flat(), [], JSON.stringify(faults));
    assert.deepEqual([report.acked, report.refused, report.offline, report.ends], [report.sent, 0, 0, []]);
    assert.equal(report.starts, 6);
    const [rolled] = lost;
    assert.ok(rolled !== undefined && rolled.sessions >= load.devices, 'every device has moved');
    assert.ok(report.commands.executions > 20, JSON.stringify(report.commands));
  },
);

test(
  'while PostgreSQL or the broker is away for all hubs, they keep every session and take every reading',
  { timeout: 300_000 },
  async (t) => {
    const report = await hubChaos({
      ...load,
      hubs: 2,
      faults: ['postgres-away', 'broker-away'],
      awayMs: 8_000,
      random: seededRandom('outages'),
      say: (text) => t.diagnostic(text),
    });
    const { missing, strange, faults, lost } = report;
    assert.deepEqual(
      lost.map(({ fault, sessions }) => [fault, sessions]),
      [
        ['postgres-away', 0],
        ['broker-away', 0],
      ],
    );
    assert.deepEqual([missing, strange, ...Object.values(faults)].flat(), [], JSON.stringify(faults));
    assert.deepEqual([report.acked, report.refused, report.offline, report.starts], [report.sent, 0, 0, 2]);
  },
);
