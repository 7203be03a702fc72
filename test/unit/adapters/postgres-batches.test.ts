import assert from 'node:assert/strict';
import { setTimeout as afterMs } from 'node:timers/promises';
import { test } from 'node:test';
import { PostgresBatches } from '../../../hub/adapters/postgres/postgres-batches.ts';
import { HubError } from '../../../hub/kernel/errors.ts';

const full = (): HubError => new HubError('database-failed', 'full');

test('what comes soon after a statement shares the next one; what comes alone waits for nobody', async () => {
  const statements: number[][] = [];
  const batches = new PostgresBatches<number, number>(
    {
      laneOf: () => 'one',
      async run(items) {
        statements.push([...items]);
        await afterMs(5);
        return items;
      },
    },
    full,
  );
  await batches.add(1);
  const soon = batches.add(2);
  await afterMs(1);
  await Promise.all([soon, batches.add(3)]);
  assert.deepEqual(statements, [[1], [2, 3]]);
});

test('a storm does not rest: full batches follow one another', async () => {
  const statements: number[] = [];
  const rests: number[] = [];
  const batches = new PostgresBatches<number, number>(
    {
      laneOf: () => 'one',
      maxItems: 10,
      async run(items) {
        statements.push(items.length);
        await afterMs(5);
        return items;
      },
      rest: (ms) => Promise.resolve(rests.push(ms)),
    },
    full,
  );
  await Promise.all(Array.from({ length: 45 }, (_, n) => batches.add(n)));
  assert.deepEqual(statements, [10, 10, 10, 10, 5]);
  // Before the last, which is not full; the one after it may not be over yet.
  assert.ok(rests.length >= 1 && rests.length <= 2 && rests.every((ms) => ms <= 10), rests.join());
});
