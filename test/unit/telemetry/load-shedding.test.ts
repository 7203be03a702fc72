import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from '../../../hub/kernel/token-bucket.ts';
import { LoadShedding, type Rank } from '../../../hub/telemetry/load-shedding.ts';
import { ManualClock } from '../../helpers/clock.ts';

const ranks: Rank[] = ['backfill', 'telemetry', 'event'];

function admitted(fill: number, blocked = false): Rank[] {
  const total = new TokenBucket(new ManualClock(), 1_000_000);
  const shedding = new LoadShedding({ writer: { fill, blocked }, total });
  return ranks.filter((rank) => shedding.admits(rank));
}

test('as the buffer fills, connections are refused first, then backfill, then telemetry, then events', () => {
  assert.deepEqual(admitted(0), ranks);
  assert.deepEqual(admitted(0.6), ['telemetry', 'event']);
  assert.deepEqual(admitted(0.9), ['event']);
  assert.deepEqual(admitted(1), []);
  const total = new TokenBucket(new ManualClock(), 1_000_000);
  assert.equal(new LoadShedding({ writer: { fill: 0.45, blocked: false }, total }).takesConnections, false);
  assert.deepEqual(admitted(0.45), ranks, 'before a device that is connected suffers');
});

test('nothing is admitted that could go neither to the store nor to the spool', () => {
  assert.deepEqual(admitted(0, true), []);
});

test('while all devices together send too much, events pass before telemetry and telemetry before backfill', () => {
  const clock = new ManualClock();
  const total = new TokenBucket(clock, 10_000);
  const shedding = new LoadShedding({ writer: { fill: 0, blocked: false }, total });
  const passed: Record<Rank, number> = { log: 0, backfill: 0, telemetry: 0, event: 0 };
  for (let second = 0; second < 10; second += 1) {
    for (let n = 0; n < 10_000; n += 1) {
      for (const rank of ranks) if (shedding.admits(rank)) passed[rank] += 1;
    }
    clock.advance(1_000);
  }
  assert.ok(passed.event > passed.telemetry && passed.telemetry > passed.backfill, JSON.stringify(passed));
  assert.ok(passed.event + passed.telemetry + passed.backfill <= 10_000 * 11);
});
