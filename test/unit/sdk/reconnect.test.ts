import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  closeReason,
  retryAfter,
  retryAfterHeader,
  type Ending,
} from '../../../sdk/typescript/src/core/reconnect.ts';
import { Backoff } from '../../../schemas/time/backoff.ts';
import { seededRandom } from '../../../device-sim/device/random.ts';

const minuteMs = 60_000;
const closed = (code: number, retryAfterMs?: number): Ending =>
  retryAfterMs === undefined
    ? { kind: 'closed', code, reason: 'x' }
    : { kind: 'closed', code, reason: 'x', retryAfterMs };

test('the waits grow to the cap of the hub with full jitter, and start anew after a session that held', () => {
  const backoff = new Backoff({ firstMs: 1000, maxMs: 60_000, random: () => 0.999999 });
  backoff.maxMs = 5000;
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => Math.round(backoff.next())),
    [1000, 2000, 4000, 5000, 5000],
  );
  backoff.reset();
  assert.equal(Math.round(backoff.next()), 1000);
});

test('no wait is longer than the cap and they spread over all of it', () => {
  const backoff = new Backoff({ firstMs: 1000, maxMs: 8000, random: seededRandom('waits') });
  const waits = Array.from({ length: 200 }, () => backoff.next()).slice(4);
  assert.ok(Math.max(...waits) <= 8000 && Math.max(...waits) > 7000 && Math.min(...waits) < 1000);
});

test('a device never waits longer than a day and its backoff, whatever the hub said', () => {
  const hint = fc.oneof(fc.nat(), fc.constantFrom(1e300, 1e20, 25 * 3_600_000));
  const endings = fc.oneof(
    fc.record({
      kind: fc.constant('closed' as const),
      code: fc.integer({ min: 1000, max: 4999 }),
      reason: fc.string(),
      retryAfterMs: hint,
    }),
    fc.record({
      kind: fc.constant('refused' as const),
      status: fc.integer({ min: 200, max: 599 }),
      retryAfterMs: hint,
    }),
    fc.record({ kind: fc.constant('failed' as const), message: fc.string() }),
  );
  fc.assert(
    fc.property(
      endings,
      fc.integer({ min: 0, max: minuteMs }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (ending, backoffMs, draw) => {
        const { waitMs } = retryAfter(ending, backoffMs, () => draw);
        assert.ok(waitMs >= 0 && waitMs <= (24 * 60 + 1) * minuteMs);
      },
    ),
  );
});

test('each close code has its pace', () => {
  const wait = (ending: Ending): number => retryAfter(ending, 700, () => 0).waitMs;
  assert.equal(wait(closed(1006)), 700);
  assert.equal(wait(closed(4004)), 700);
  assert.equal(wait(closed(4408)), 700);
  assert.equal(wait(closed(1012, 1200)), 1200);
  assert.equal(wait(closed(1012, 0)), 700);
  assert.equal(wait(closed(1013, 1e300)), 24 * 60 * minuteMs + 700);
  assert.equal(wait({ kind: 'refused', status: 503, retryAfterMs: 1e23 }), 24 * 60 * minuteMs + 700);
  assert.equal(wait(closed(1013, 5000)), 5700);
  assert.equal(wait(closed(4409)), minuteMs);
  assert.equal(wait(closed(4429)), minuteMs);
  for (const code of [4400, 4401, 4403]) assert.equal(wait(closed(code)), 15 * minuteMs);
  assert.equal(wait({ kind: 'refused', status: 401 }), 15 * minuteMs);
  assert.equal(wait({ kind: 'refused', status: 503, retryAfterMs: 2000 }), 2700);
  assert.equal(wait({ kind: 'refused', status: 404 }), minuteMs + 700);
});

test('only what waiting cannot mend is told to the owner', () => {
  const told = [4400, 4401, 4403, 4409].map((code) => retryAfter(closed(code), 0, () => 0).trouble);
  assert.ok(told.every((text) => text !== undefined));
  const quiet = [1000, 1006, 1012, 1013, 4004, 4408, 4429].map(
    (code) => retryAfter(closed(code), 0, () => 0).trouble,
  );
  assert.ok(quiet.every((text) => text === undefined));
});

test('Retry-After is read as seconds and as a date, and nothing else', () => {
  const now = Date.UTC(2026, 0, 1);
  assert.equal(retryAfterHeader('120', now), 120_000);
  assert.equal(retryAfterHeader('Thu, 01 Jan 2026 00:00:30 GMT', now), 30_000);
  assert.equal(retryAfterHeader('Wed, 31 Dec 2025 00:00:30 GMT', now), 0);
  assert.equal(retryAfterHeader('soon', now), undefined);
  assert.equal(retryAfterHeader(undefined, now), undefined);
});

test('a close reason is read when it is the JSON of the protocol, and kept as it is otherwise', () => {
  assert.deepEqual(closeReason('{"code":"draining","retryAfterMs":1200}'), {
    reason: 'draining',
    retryAfterMs: 1200,
  });
  assert.deepEqual(closeReason('going away'), { reason: 'going away' });
  assert.deepEqual(closeReason('{"code":"x","retryAfterMs":"1"}'), { reason: 'x' });
  assert.deepEqual(closeReason('null'), { reason: 'null' });
});
