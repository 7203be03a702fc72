import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FloodName } from '../../helpers/drills/stranger-floods.ts';
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
const slackMs = 3_000;

test('floods of strangers, and of a device that misbehaves, take nothing from others', async () => {
  for (const report of await strangers({ devices: 10, runMs: 2_000, floods: [...floods.keys()] })) {
    const seen = JSON.stringify(report);
    const { flood, attempts, quietP99Ms, p99Ms, newcomerMs, refusedNewcomers, foundLateMs } = report;
    // Every lane of the flood tried at least once; wrong passwords are answered slowly, which is their own affair.
    assert.ok(attempts >= 8 && attempts <= (floods.get(flood) ?? 0), seen);
    assert.ok(p99Ms <= quietP99Ms * 3 + slackMs, seen);
    assert.equal(refusedNewcomers, 0, seen);
    assert.ok(newcomerMs <= slackMs, seen);
    assert.ok(foundLateMs >= -200 && foundLateMs <= slackMs, seen);
  }
});
