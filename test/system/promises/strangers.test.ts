import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FloodName } from '../../helpers/drills/stranger-floods.ts';
import { slackOfSoak, strangerFaults, type Slack } from '../../helpers/drills/stranger-verdict.ts';
import { strangers } from '../../helpers/drills/strangers.ts';

/**
 * A flood for each bound that keeps somebody's share from everybody else, and how much of it at most gets in while it
 * lasts. Where the bound is what the hub takes of one device, this counts the same on any machine: many times what is
 * seen, and a part of what comes in without the bound.
 */
const floods = new Map<FloodName, number>([
  ['wrong secrets', Infinity],
  ['sockets without a word', Infinity],
  ['wrong passwords', Infinity],
  ['a device that reconnects', Infinity],
  ['heartbeats', 40_000],
  ['readings', 100_000],
]);

/**
 * What a busy machine adds to any delay, ms: the flood itself needs half of a small one, and other tests run beside
 * it. Seen were 700.
 */
const slack: Slack = { ackMs: 3_000, worstMs: 2_000 };

test('floods of strangers, and of a device that misbehaves, take nothing from others', async () => {
  for (const report of await strangers({ devices: 10, windowMs: 2_000, floods: [...floods.keys()] })) {
    const { flood, attempts } = report;
    // Every lane of the flood tried at least once; wrong passwords are answered slowly, which is their own affair.
    assert.ok(attempts >= 8 && attempts <= (floods.get(flood) ?? 0), `${flood}: ${attempts} attempts`);
    assert.deepEqual(strangerFaults(report, slack), []);
  }
});

const boundlessDeviceHub = fileURLToPath(
  new URL('../../helpers/hubs/boundless-device-hub.ts', import.meta.url),
);

test('the floods find a hub that takes from one device as much as it likes to send', async () => {
  const reports = await strangers({
    devices: 10,
    windowMs: 3_000,
    floods: ['readings'],
    entry: boundlessDeviceHub,
  });
  const faults = reports.flatMap((report) => strangerFaults(report, slackOfSoak)).join('\n');
  assert.match(faults, /^readings: p99Ms of the acks/m);
});
