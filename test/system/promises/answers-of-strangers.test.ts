import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersOfStrangers } from '../../helpers/drills/answers-of-strangers.ts';

test('whoever answers in place of InfluxDB and of the broker, under load, no ack and no refusal is his', async () => {
  const report = await answersOfStrangers({
    store: [
      '200 with a page',
      '204 without headers',
      '400 in the words of InfluxDB',
      '413 of a proxy',
      'half a body',
    ],
    broker: ['an HTTP server'],
    devices: 10,
    perSec: 10,
    holdMs: 300,
  });
  assert.deepEqual(report.unnoticed, []);
  assert.ok(report.acked > 100, `${report.acked} acked`);
  assert.equal(report.acked, report.sent);
  assert.equal(report.refused, 0);
  assert.deepEqual(report.missing, []);
  assert.deepEqual(report.strange, []);
  assert.deepEqual([report.ledger.deadLettered, report.ledger.rejected, report.ledger.imbalance], [0, 0, 0]);
  // These devices do no commands.
  assert.deepEqual(report.finals, { 'c-1': ['rejected'] });
});
