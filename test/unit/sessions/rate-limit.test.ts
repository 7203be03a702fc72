import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from '../../../hub/sessions/rate-limit.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startSessions } from '../../helpers/hubs/session-fixture.ts';

const rates = { messagesPerSec: 10, bytesPerSec: 1_000, samplesPerSec: 50 };

test('messages, bytes and readings each have a bucket, and a refused frame empties none', () => {
  const limit = new RateLimit(new ManualClock(), rates);
  assert.equal(limit.take(900, 1), 'within');
  assert.equal(limit.take(200, 1), 'over', 'too many bytes');
  assert.equal(limit.take(10, 60), 'over', 'too many readings');
  assert.equal(limit.take(10, 40), 'within');
  for (let n = 0; n < 8; n += 1) assert.equal(limit.take(1, 1), 'within');
  assert.equal(limit.take(1, 1), 'over', 'too many messages');
});

test('what is over the rate is borne for a while, not for ever', () => {
  const clock = new ManualClock();
  const limit = new RateLimit(clock, rates);
  for (let n = 0; n < 10; n += 1) limit.take(1, 1);
  for (let n = 0; n < 100; n += 1) assert.equal(limit.take(1, 1), 'over');
  assert.equal(limit.take(1, 1), 'abuse');
});

test('a device that floods is nacked, then closed with 4429, and refused for a minute', async (t) => {
  const { open, sessions, clock, pass, pipeline } = await startSessions(t, { messagesPerSec: 10 });
  const device = await open();
  for (let n = 0; n < 200; n += 1) device.telemetry();
  assert.equal(device.socket.closedWith?.code, 4429);
  const nacks = device.socket.of('nack');
  assert.ok(nacks.length >= 100 && nacks.every(({ code }) => code === 'rate'));
  assert.equal(sessions.shutOutMs('d1'), 60_000);
  await pass(60_000);
  assert.equal(sessions.shutOutMs('d1'), 0);
  assert.equal(clock.pending > 0, true);
  const { received, rejected, stored } = pipeline.ledger.total;
  assert.equal(received, rejected + stored, 'the flood is in the ledger');
});
