import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotsOf } from '../../../hub/sessions/session-drain.ts';

const config = { restartMs: 5_000, acceptPerSec: 500 };

test('a hub that stops alone asks its devices back after its restart, at half of the rate at which it takes them', () => {
  const slots = slotsOf(config, 1_000, 0);
  assert.deepEqual([slots.firstSlotMs, slots.devicesPerSec], [5_000, 250]);
  assert.deepEqual([slots.randomMs(() => 0), slots.randomMs(() => 1)], [5_000, 9_000]);
});

test('a hub of several sends its devices to the others, at half of what all of them take together', () => {
  const slots = slotsOf(config, 1_000, 2);
  assert.equal(slots.devicesPerSec, 500);
  assert.equal(
    slots.randomMs(() => 1),
    7_000,
  );
});
