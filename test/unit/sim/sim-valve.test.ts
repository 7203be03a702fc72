import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createValve } from '../../../device-sim/device/valve.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('a valve moves at its pace and tells how far it is', async () => {
  const clock = new ManualClock();
  const valve = createValve({ clock, startPosition: 0 });
  const told: (number | undefined)[] = [];
  const moved = valve.moveTo(25, 'set-position', (percent) => told.push(percent));
  clock.advance(1000);
  assert.equal(valve.position(), 10);
  clock.advance(2000);
  assert.deepEqual(await moved, { status: 'succeeded', output: { position: 25 } });
  assert.deepEqual(told, [40, 80]);
  assert.equal(valve.mode(), 'manual');
  assert.equal(clock.pending, 0);
});

test('a close stops another move, and no other move begins while it closes', async () => {
  const clock = new ManualClock();
  const valve = createValve({ clock, startPosition: 50 });
  const progress = (): void => undefined;
  const opening = valve.moveTo(100, 'set-position', progress);
  clock.advance(1000);
  const closing = valve.moveTo(0, 'close', progress);
  assert.deepEqual(await opening, { status: 'failed', error: 'stopped by close at 60 %' });
  assert.deepEqual(await valve.moveTo(80, 'set-position', progress), {
    status: 'rejected',
    error: 'the valve is closing',
  });
  clock.advance(6000);
  assert.equal((await closing).status, 'succeeded');
  assert.equal(valve.position(), 0);
});

test('a move to where it is ends at once', async () => {
  const clock = new ManualClock();
  const valve = createValve({ clock, startPosition: 30 });
  const moved = valve.moveTo(30, 'set-position', () => assert.fail('nothing to tell'));
  clock.advance(0);
  assert.equal((await moved).status, 'succeeded');
});
