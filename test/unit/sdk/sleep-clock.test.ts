import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleepClock } from '../../../sdk/typescript/src/node/sleep-clock.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('the uptime counts the sleep of the machine, and is not moved by small differences or a clock that is set', () => {
  const base = new ManualClock();
  let sleptSec = 0;
  const offsetSec = 5_000;
  const clock = sleepClock(base, () => offsetSec + sleptSec + Math.floor(base.monotonic() / 1_000));
  base.advance(90_500);
  assert.equal(clock.monotonic(), 90_500);
  sleptSec = 3_600;
  base.advance(500);
  const slept = clock.monotonic() - 91_000;
  assert.ok(Math.abs(slept - 3_600_000) <= 1_000, `${slept} ms of sleep`);
  base.setNow(0);
  assert.equal(clock.monotonic() - 91_000, slept);
  // A system that tells less than before moves nothing back.
  sleptSec = 0;
  assert.equal(clock.monotonic() - 91_000, slept);
});
