import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from '../../../hub/sessions/rate-limit.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startSessions } from '../../helpers/hubs/session-fixture.ts';

const rates = { messagesPerSec: 10, bytesPerSec: 1_000, samplesPerSec: 50, logsPerSec: 5, inFlight: 8 };

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
  // A window that was under way when it was told, and then its patience.
  for (let n = 0; n < 8 + 100; n += 1) assert.equal(limit.take(1, 1), 'over');
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

test('a device that waits as long as each nack says is never shut out, and gets everything in', async (t) => {
  const { open, pass, clock } = await startSessions(t, { messagesPerSec: 10, inFlight: 64 });
  const device = await open();
  let backlog = 500;
  let sent = 0;
  let heard = 0;
  for (let rounds = 0; rounds < 120 && backlog > 0; rounds += 1) {
    const window = Math.min(64, backlog);
    for (let n = 0; n < window; n += 1) device.telemetry();
    sent += window;
    const nacks = device.socket.of('nack').slice(heard);
    heard += nacks.length;
    backlog -= window - nacks.length;
    const waits = nacks.map(({ code, retryAfterMs }) => (code === 'rate' ? Number(retryAfterMs) : NaN));
    assert.ok(
      waits.every((ms) => ms > 0 && ms <= 1_000),
      waits.join(),
    );
    await pass(Math.max(0, ...waits));
  }
  assert.ok(clock.monotonic() < 60_000, 'it is not kept waiting for more than the rate needs');
  assert.equal(device.socket.closedWith, undefined);
  assert.equal(backlog, 0, `after ${sent} frames`);
});

/** What a device may send that is no reading, and does not end the session by itself. */
const others: Record<string, (n: number) => unknown> = {
  heartbeats: (n) => ({ type: 'heartbeat', t1: n }),
  received: () => ({ type: 'received', re: 'c-1' }),
  progress: () => ({ type: 'progress', re: 'c-1', percent: 1 }),
  results: () => ({ type: 'result', re: 'c-1', status: 'succeeded' }),
  'frames of no known type': () => ({ type: 'unheard-of' }),
  'heartbeats that break their schema': () => ({ type: 'heartbeat' }),
  'readings without a number': () => ({ type: 'telemetry', stream: 'env', data: {} }),
  'second hellos': () => ({ type: 'hello' }),
  'what is no JSON, now and then': (n) => (n % 2 === 0 ? { type: 'heartbeat', t1: n } : undefined),
};

for (const [what, frameOf] of Object.entries(others)) {
  test(`a device that floods with ${what} is shut out`, async (t) => {
    const { open, sessions, counters } = await startSessions(t, {});
    const device = await open();
    for (let n = 0; n < 5_000 && device.socket.closedWith === undefined; n += 1) {
      const frame = frameOf(n);
      device.session.text(frame === undefined ? 'no JSON' : JSON.stringify(frame));
    }
    assert.equal(device.socket.closedWith?.code, 4429);
    assert.equal(sessions.shutOutMs('d1'), 60_000);
    assert.ok((counters.nacks['rate'] ?? 0) > 0, 'it was told before');
    assert.ok(device.socket.of('nack').length < 3_000);
  });
}

test('a device that floods with pings or pongs is shut out, one that answers ours is not', async (t) => {
  const { open, pass } = await startSessions(t, {});
  for (const [id, name] of [
    ['d1', 'pinged'],
    ['d2', 'pong'],
  ] as const) {
    const device = await open(id);
    for (let n = 0; n < 900; n += 1) device.session.pong();
    const { socket, session } = device;
    const closeCode = (): number | undefined => socket.closedWith?.code;
    assert.equal(closeCode(), undefined);
    for (let n = 0; n < 5_000; n += 1) session[name]();
    assert.equal(closeCode(), 4429);
  }
  await pass(1);
});

test('who floods before the hello, or after the goodbye, is shut out too', async (t) => {
  const { connect, open } = await startSessions(t, {});
  const early = connect('d1');
  for (let n = 0; n < 5_000; n += 1) early.session.text(JSON.stringify({ type: 'heartbeat', t1: n }));
  assert.equal(early.socket.closedWith?.code, 4429);
  const late = await open('d2');
  late.telemetry();
  late.session.text(JSON.stringify({ type: 'bye' }));
  for (let n = 0; n < 5_000; n += 1) late.telemetry();
  assert.notEqual(late.socket.closedWith, undefined);
});
