import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { moves } from '../../helpers/sdk/core-moves.ts';
import { ways, World, settle } from '../../helpers/sdk/core-world.ts';

test('whatever hub, link, disk and clock do: no fault, no reading lost in silence, no command twice', async () => {
  await fc.assert(
    fc.asyncProperty(ways, fc.array(moves, { minLength: 5, maxLength: 120 }), async (way, run) => {
      const world = new World(way);
      world.turn();
      for (const move of run) await move(world);
      // In the end all is well, and the hub takes everything.
      world.store.isFull = world.memory.isFull = false;
      for (let round = 0; round < 300 && world.core.counts().waiting > 0; round += 1) {
        world.comeBack();
        for (let frames = 0; frames < 20; frames += 1) {
          world.ack(1);
          world.up += 1_000;
          world.turn();
        }
      }
      await settle();
      assert.equal(world.core.counts().waiting, 0, 'everything is settled');
      for (const { n, kinds, isGone } of world.measured) {
        assert.ok(kinds.length <= 1, `reading ${n} was settled ${kinds.length} times`);
        const [settlement] = kinds;
        const told = world.stored.has(n) || world.refused.has(n) || isGone;
        assert.ok(told, `reading ${n} is lost, and nobody said so`);
        if (settlement?.kind === 'stored') assert.ok(world.stored.has(n), `reading ${n} is not stored`);
        if (settlement?.kind === 'refused') assert.ok(world.refused.has(n), `reading ${n} was not refused`);
      }
      for (const [id, runs] of world.runs) assert.equal(runs, 1, `${id} was run ${runs} times`);
    }),
    { numRuns: 1_000, interruptAfterTimeLimit: 15_000 },
  );
});
