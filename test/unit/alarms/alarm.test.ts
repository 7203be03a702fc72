import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  acknowledge,
  clear,
  flapMs,
  isActive,
  raise,
  settle,
  withdraw,
  type Alarm,
  type Problem,
} from '../../../hub/alarms/alarm.ts';

const tooWarm: Problem = {
  source: 'limit.env.temperature.high',
  kind: 'limit',
  severity: 'warning',
  text: 'temperature 61 °C, over 60',
  value: 61,
  lasting: true,
};
const leak: Problem = {
  source: 'event.leak',
  kind: 'event',
  severity: 'critical',
  text: 'leak',
  lasting: false,
};
const by = (timeMs: number) => ({ actor: 'operator:anna', timeMs });

type Step = 'raise' | 'clear' | 'acknowledge' | 'wait';

/** Does one after the other; `wait` is half a minute more than a flap. */
function run(problem: Problem, ...steps: Step[]): Alarm | undefined {
  let alarm: Alarm | undefined;
  let nowMs = 1_000_000;
  for (const step of steps) {
    nowMs += 1_000;
    if (step === 'raise') alarm = raise(alarm, problem, nowMs) ?? alarm;
    if (step === 'clear') alarm = alarm && (clear(alarm, nowMs) ?? alarm);
    if (step === 'acknowledge') alarm = alarm && (acknowledge(alarm, by(nowMs)) ?? alarm);
    if (step === 'wait') {
      nowMs += flapMs * 1.5;
      alarm = alarm && (settle(alarm, nowMs) ?? alarm);
    }
  }
  return alarm;
}

test('an alarm is acknowledged and cleared in any order, and closed by the second of the two', () => {
  assert.equal(run(tooWarm, 'raise')?.state, 'raised');
  assert.equal(run(tooWarm, 'raise', 'acknowledge')?.state, 'acknowledged');
  assert.equal(run(tooWarm, 'raise', 'clear')?.state, 'cleared');
  assert.equal(run(tooWarm, 'raise', 'acknowledge', 'clear')?.state, 'closed');
  assert.equal(run(tooWarm, 'raise', 'clear', 'acknowledge')?.state, 'closed');
});

test('one that comes back is raised again and counted, and wants a new acknowledgement', () => {
  const again = run(tooWarm, 'raise', 'acknowledge', 'clear', 'wait', 'raise');
  assert.deepEqual([again?.state, again?.count, again?.acknowledged], ['raised', 2, undefined]);
  assert.deepEqual([again?.firstMs, (again?.lastMs ?? 0) > (again?.firstMs ?? 0)], [1_001_000, true]);
});

test('flapping within a minute is one alarm, which is over when it has been gone for a minute', () => {
  const flaps = run(tooWarm, 'raise', 'clear', 'raise', 'clear', 'raise', 'clear');
  assert.deepEqual([flaps?.state, flaps?.count], ['raised', 1]);
  assert.deepEqual(run(tooWarm, 'raise', 'clear', 'raise', 'clear', 'wait')?.state, 'cleared');
  const acknowledged = run(tooWarm, 'raise', 'acknowledge', 'clear', 'raise');
  assert.deepEqual([acknowledged?.state, acknowledged?.count], ['acknowledged', 1]);
});

test('what only happens stays until somebody acknowledges it', () => {
  assert.equal(run(leak, 'raise', 'clear', 'wait')?.state, 'raised');
  assert.equal(run(leak, 'raise', 'acknowledge')?.state, 'closed');
  assert.deepEqual(run(leak, 'raise', 'raise')?.count, 1);
  assert.deepEqual(run(leak, 'raise', 'wait', 'raise')?.count, 2);
  assert.deepEqual(run(leak, 'raise', 'acknowledge', 'raise')?.state, 'raised');
});

test('an alarm that something else explains is closed, and is raised anew when it is still so afterwards', () => {
  const raised = raise(undefined, tooWarm, 1_000);
  assert.ok(raised);
  const explained = withdraw(raised, by(2_000));
  assert.equal(explained?.state, 'closed');
  assert.deepEqual(raise(explained, tooWarm, 3_000)?.state, 'raised');
});

test('a clock that was set back hides no alarm', () => {
  const closed = run(tooWarm, 'raise', 'acknowledge', 'clear');
  assert.deepEqual(raise(closed, tooWarm, 0)?.state, 'raised');
});

const moves = fc.array(
  fc.record({
    step: fc.constantFrom<('raise' | 'clear' | 'acknowledge' | 'settle' | 'withdraw' | 'restart')[]>(
      'raise',
      'clear',
      'acknowledge',
      'settle',
      'withdraw',
      'restart',
    ),
    afterMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 200_000 })),
  }),
  { maxLength: 40 },
);

test('whatever the order of raising, clearing, acknowledging, time and restarts, an alarm says what is so', () => {
  fc.assert(
    fc.property(moves, fc.boolean(), (steps, lasting) => {
      const problem = lasting ? tooWarm : leak;
      let alarm: Alarm | undefined;
      let nowMs = 1_000_000;
      let isWrong = false;
      let sinceMs = nowMs;
      for (const { step, afterMs } of steps) {
        nowMs += afterMs;
        const before: Alarm | undefined = alarm;
        if (step === 'raise') {
          alarm = raise(alarm, problem, nowMs) ?? alarm;
          if (!isWrong) sinceMs = nowMs;
          isWrong = true;
          // Nobody is left in the dark: it is shown as active, whatever was before.
          assert.ok(alarm !== undefined && isActive(alarm));
        } else if (alarm === undefined) continue;
        else if (step === 'clear') {
          alarm = clear(alarm, nowMs) ?? alarm;
          if (isWrong) sinceMs = nowMs;
          isWrong = false;
        } else if (step === 'acknowledge') {
          alarm = acknowledge(alarm, by(nowMs)) ?? alarm;
          assert.ok(alarm.state === 'acknowledged' || alarm.state === 'closed');
        } else if (step === 'settle') alarm = settle(alarm, nowMs) ?? alarm;
        else if (step === 'withdraw') alarm = withdraw(alarm, by(nowMs)) ?? alarm;
        else alarm = JSON.parse(JSON.stringify(alarm)) as Alarm;
        if (alarm === undefined) continue;
        // Counts and times only rise, and it is acknowledged only by whoever acknowledged this occurrence.
        assert.ok(alarm.count >= (before?.count ?? 1) && alarm.lastMs >= alarm.firstMs);
        assert.ok(alarm.count - (before?.count ?? 0) <= 1);
        if (alarm.count !== before?.count)
          assert.deepEqual([alarm.state, alarm.acknowledged], ['raised', undefined]);
        if (alarm.state === 'acknowledged' || alarm.state === 'closed') assert.ok(alarm.acknowledged);
        // What has been fine for a minute is not shown as wrong once time has passed over it.
        if (lasting && step === 'settle' && !isWrong && nowMs - sinceMs >= flapMs)
          assert.ok(!isActive(alarm));
        if (lasting && isWrong && step !== 'withdraw' && isActive(before ?? alarm))
          assert.ok(isActive(alarm));
      }
    }),
    { numRuns: 3_000 },
  );
});
