import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleSessions } from '../../../hub/operators/console-sessions.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('whoever signs in again and again ends sessions of its own alone', () => {
  const sessions = new ConsoleSessions(new ManualClock());
  const { cookie } = sessions.open('operator:anna');
  const own = Array.from({ length: 2_000 }, () => sessions.open('operator:bob').cookie);
  assert.ok(sessions.lives(cookie));
  assert.deepEqual(
    own.map((each) => sessions.lives(each)),
    own.map((_, at) => at >= 1_980),
    'the newest twenty are left',
  );
  assert.equal(sessions.pushedOut, 1_980);
});
