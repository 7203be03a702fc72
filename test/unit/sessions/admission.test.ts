import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAdmission } from '../../../hub/sessions/admission.ts';
import { seededRandom } from '../../../device-sim/device/random.ts';
import { ManualClock } from '../../helpers/clock.ts';

function startedAdmission(acceptPerSec = 10) {
  const clock = new ManualClock(0);
  const random = seededRandom('admission');
  const loop = { busyShare: 0, overloaded: false };
  const deps = { clock, random, busyShare: () => loop.busyShare, overloaded: () => loop.overloaded };
  return { clock, loop, admission: startAdmission(deps, { acceptPerSec, backoffMaxMs: 5_000 }) };
}

test('a burst of one second is let in, the rest comes back one after the other', () => {
  const { admission } = startedAdmission(10);
  const answers = Array.from({ length: 110 }, () => admission.admit());
  assert.equal(answers.filter(({ kind }) => kind === 'admitted').length, 10);
  const waits = answers.flatMap((answer) => (answer.kind === 'turned-away' ? [answer.retryAfterMs] : []));
  assert.ok(Math.min(...waits) >= 1_000);
  // 100 devices at 10 a second need ten seconds, and half of it is jitter.
  assert.ok(Math.max(...waits) > 9_000 && Math.max(...waits) <= 17_000, `${Math.max(...waits)}`);
});

test('it refills at its rate', () => {
  const { admission, clock } = startedAdmission(10);
  while (admission.admit().kind === 'admitted');
  clock.advance(1_000);
  const admitted = Array.from({ length: 50 }, () => admission.admit()).filter(
    ({ kind }) => kind === 'admitted',
  );
  assert.equal(admitted.length, 10);
});

test('no wait is longer than a minute', () => {
  const { admission } = startedAdmission(1);
  for (let n = 0; n < 1_000; n += 1) {
    const answer = admission.admit();
    if (answer.kind === 'turned-away') assert.ok(answer.retryAfterMs <= 60_000);
  }
});

test('the time in which devices are turned away is counted once, however many they are', () => {
  const { admission, clock } = startedAdmission(1);
  admission.admit();
  assert.equal(admission.turnedAwayMs, 0);
  for (let n = 0; n < 20; n += 1) admission.admit();
  assert.equal(Math.round(admission.turnedAwayMs), 0, 'it begins now');
  clock.advance(3_000);
  assert.equal(Math.round(admission.turnedAwayMs), 3_000);
  clock.advance(600_000);
  const total = admission.turnedAwayMs;
  assert.ok(total > 20_000 && total < 40_000, `${total}`);
  clock.advance(600_000);
  assert.equal(admission.turnedAwayMs, total);
});

test('a hub that is too busy to take up connections counts as turning devices away', () => {
  const { admission, clock, loop } = startedAdmission();
  clock.advance(10_000);
  assert.equal(admission.turnedAwayMs, 0);
  loop.busyShare = 0.95;
  clock.advance(5_000);
  loop.busyShare = 0.1;
  clock.advance(60_000);
  // From the check that found it to the one after the last.
  assert.equal(admission.turnedAwayMs, 5_000);
});

test('a hub that is busy for longer than a handshake may last waits a backoff more', () => {
  const { admission, clock, loop } = startedAdmission();
  loop.busyShare = 0.95;
  clock.advance(12_000);
  loop.busyShare = 0.1;
  clock.advance(60_000);
  // Eleven seconds since it was found, and one backoff for those whose handshake was given up at the end.
  assert.equal(admission.turnedAwayMs, 11_000 + 5_000);
});

test('while those who are connected are too much already, nobody is let in', () => {
  const { admission, loop } = startedAdmission();
  loop.overloaded = true;
  assert.equal(admission.admit().kind, 'turned-away');
  loop.overloaded = false;
  assert.equal(admission.admit().kind, 'admitted');
});
