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
  const admission = startAdmission(deps, { acceptPerSec, backoffMaxMs: 5_000 });
  let devices = 0;
  /** Another device each time. */
  const admit = () => admission.admit(`d-${(devices += 1)}`);
  return { clock, loop, admission, admit };
}

test('a burst of one second is let in, the rest comes back one after the other', () => {
  const { admit } = startedAdmission(10);
  const answers = Array.from({ length: 110 }, () => admit());
  assert.equal(answers.filter(({ kind }) => kind === 'admitted').length, 10);
  const waits = answers.flatMap((answer) => (answer.kind === 'turned-away' ? [answer.retryAfterMs] : []));
  assert.ok(Math.min(...waits) >= 1_000);
  // 100 devices at 10 a second need ten seconds, and half of it is jitter.
  assert.ok(Math.max(...waits) > 9_000 && Math.max(...waits) <= 17_000, `${Math.max(...waits)}`);
});

test('it refills at its rate', () => {
  const { admit, clock } = startedAdmission(10);
  while (admit().kind === 'admitted');
  clock.advance(1_000);
  const admitted = Array.from({ length: 50 }, () => admit()).filter(({ kind }) => kind === 'admitted');
  assert.equal(admitted.length, 10);
});

test('no wait is longer than a minute', () => {
  const { admit } = startedAdmission(1);
  for (let n = 0; n < 1_000; n += 1) {
    const answer = admit();
    if (answer.kind === 'turned-away') assert.ok(answer.retryAfterMs <= 60_000);
  }
});

test('the time in which devices are turned away is counted once, however many they are', () => {
  const { admission, admit, clock } = startedAdmission(1);
  admit();
  assert.equal(admission.turnedAwayMs, 0);
  for (let n = 0; n < 20; n += 1) admit();
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
  const { admit, loop } = startedAdmission();
  loop.overloaded = true;
  assert.equal(admit().kind, 'turned-away');
  loop.overloaded = false;
  assert.equal(admit().kind, 'admitted');
});

test('a device that connects again and again takes its share and nothing from others', () => {
  const { admission, admit, clock } = startedAdmission(200);
  const kinds: Record<string, number> = {};
  for (let ms = 0; ms < 10_000; ms += 2) {
    const { kind } = admission.admit('greedy');
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    if (ms % 10 === 0) assert.equal(admit().kind, 'admitted', 'at 100 a second there is room for everybody');
    clock.advance(2);
  }
  // Twenty at once, then five a second.
  assert.deepEqual(kinds, { admitted: 69, 'too-often': 4_931 });
  assert.equal(admission.tooOften, 4_931);
});

test('being told to come less often is no reason to wait with the silence of anybody', () => {
  const { admission, clock } = startedAdmission(200);
  for (let n = 0; n < 1_000; n += 1) admission.admit('greedy');
  clock.advance(60_000);
  assert.equal(admission.turnedAwayMs, 0);
});

test('where few connect a second, one device has a tenth of them', () => {
  const { admission, clock } = startedAdmission(5);
  assert.deepEqual(
    [1, 2, 3].map(() => admission.admit('greedy').kind),
    ['admitted', 'admitted', 'too-often'],
  );
  clock.advance(2_000);
  assert.equal(admission.admit('greedy').kind, 'admitted');
  assert.deepEqual(admission.admit('greedy'), { kind: 'too-often', retryAfterMs: 2_000 });
});
