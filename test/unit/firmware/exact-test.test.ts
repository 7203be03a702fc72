import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { worseByChance } from '../../../hub/firmware/rollouts/exact-test.ts';

const close = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9 + expected * 1e-9, `${actual} is not ${expected}`);

test("it is Fisher's exact test: the lady who tastes tea, and a table of many devices", () => {
  // 3 of 4 right against 1 of 4: (16 + 1) / 70.
  close(worseByChance([{ updated: 4, updatedTroubled: 3, control: 4, controlTroubled: 1 }]), 17 / 70);
  close(worseByChance([{ updated: 4, updatedTroubled: 4, control: 4, controlTroubled: 0 }]), 1 / 70);
  // Five of fifteen, and none of the other 285: every one of the five is among the fifteen.
  const all = (15 * 14 * 13 * 12 * 11) / (300 * 299 * 298 * 297 * 296);
  close(worseByChance([{ updated: 15, updatedTroubled: 5, control: 285, controlTroubled: 0 }]), all);
});

test('nothing is said where nothing can be compared', () => {
  assert.equal(worseByChance([]), 1);
  close(worseByChance([{ updated: 0, updatedTroubled: 0, control: 9, controlTroubled: 3 }]), 1);
  close(worseByChance([{ updated: 9, updatedTroubled: 9, control: 0, controlTroubled: 0 }]), 1);
  close(worseByChance([{ updated: 9, updatedTroubled: 0, control: 9, controlTroubled: 9 }]), 1);
});

const tables = fc
  .record({ updated: fc.nat(6), control: fc.nat(6), a: fc.nat(6), b: fc.nat(6) })
  .map(({ updated, control, a, b }) => ({
    updated,
    control,
    updatedTroubled: Math.min(a, updated),
    controlTroubled: Math.min(b, control),
  }));

test('over several tables it counts every way in which the troubled may be drawn within each', () => {
  fc.assert(
    fc.property(fc.array(tables, { maxLength: 3 }), (given) => {
      // Weights of each sum of troubled among the updated, drawn one by one.
      let ways = new Map([[0, 1]]);
      for (const { updated, control, updatedTroubled, controlTroubled } of given) {
        const next = new Map<number, number>();
        const troubled = updatedTroubled + controlTroubled;
        for (let count = 0; count <= troubled; count += 1) {
          const here = choose(updated, count) * choose(control, troubled - count);
          for (const [sum, way] of ways) next.set(sum + count, (next.get(sum + count) ?? 0) + way * here);
        }
        ways = next;
      }
      const observed = given.reduce((sum, { updatedTroubled }) => sum + updatedTroubled, 0);
      const total = [...ways.values()].reduce((sum, way) => sum + way, 0);
      const worse = [...ways].reduce((sum, [count, way]) => (count >= observed ? sum + way : sum), 0);
      close(worseByChance(given), worse / total);
    }),
  );
});

function choose(n: number, k: number): number {
  if (k > n) return 0;
  let ways = 1;
  for (let i = 0; i < k; i += 1) ways = (ways * (n - i)) / (i + 1);
  return ways;
}
