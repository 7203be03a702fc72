import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FloodName } from '../../helpers/drills/stranger-floods.ts';
import { slackOfSoak, strangerFaults, type Slack } from '../../helpers/drills/stranger-verdict.ts';
import { strangers, type FloodReport } from '../../helpers/drills/strangers.ts';

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

/** What is wrong with a flood, in words. */
function faultsOf(report: FloodReport, allowed: Slack): string[] {
  const { flood, attempts } = report;
  // Every lane of the flood tried at least once; wrong passwords are answered slowly, which is their own affair.
  const counted = attempts >= 8 && attempts <= (floods.get(flood) ?? 0);
  return [...(counted ? [] : [`${flood}: ${attempts} attempts`]), ...strangerFaults(report, allowed)];
}

test('floods of strangers, and of a device that misbehaves, take nothing from others', async () => {
  for (const report of await strangers({ devices: 10, windowMs: 2_000, floods: [...floods.keys()] })) {
    assert.deepEqual(faultsOf(report, slack), []);
  }
});

const boundlessDeviceHub = fileURLToPath(
  new URL('../../helpers/hubs/boundless-device-hub.ts', import.meta.url),
);

test('the floods find a hub that takes from one device as much as it likes to send', async (t) => {
  // On a busy machine the flood itself may get no time in one window: it has a few.
  for (let window = 1; window <= 4; window += 1) {
    const options = {
      devices: 10,
      windowMs: 3_000,
      floods: ['readings'] as const,
      entry: boundlessDeviceHub,
    };
    const faults = (await strangers(options)).flatMap((report) => faultsOf(report, slackOfSoak));
    for (const fault of faults) t.diagnostic(fault);
    if (faults.some((fault) => /attempts|p99Ms of the acks/.test(fault))) return;
  }
  assert.fail('four floods of readings found nothing');
});
