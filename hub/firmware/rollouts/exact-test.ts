/** Fisher's exact test, also over several 2×2 tables together. Pure. */

import type { RolloutLook } from '../../../schemas/api/firmware/rollouts.ts';

/** One comparison: of the updated devices and of those not updated yet, how many were troubled. */
export type Table = Readonly<
  Pick<RolloutLook, 'updated' | 'updatedTroubled' | 'control' | 'controlTroubled'>
>;

/**
 * The probability that at least as many of the troubled devices are updated ones, if updating made no difference: Fisher's
 * exact test, one-sided. Of several tables it is the exact conditional test of a common effect (Mantel and Haenszel's question,
 * without their approximation): within each, which devices are troubled is as good as drawn.
 */
export function worseByChance(tables: readonly Table[]): number {
  const observed = tables.reduce((sum, { updatedTroubled }) => sum + updatedTroubled, 0);
  // Of the sum over all tables: index = troubled among the updated.
  let sum: readonly number[] = [1];
  for (const table of tables) sum = convolved(sum, distributionOf(table));
  const tail = sum.slice(observed).reduceRight((total, probability) => total + probability, 0);
  return Math.min(1, tail);
}

/** Hypergeometric: how many of the troubled are among the updated. */
function distributionOf({ updated, updatedTroubled, control, controlTroubled }: Table): number[] {
  const troubled = updatedTroubled + controlTroubled;
  const all = updated + control;
  const logAll = logChoose(all, troubled);
  return Array.from({ length: Math.min(updated, troubled) + 1 }, (_, count) =>
    troubled - count > control
      ? 0
      : Math.exp(logChoose(updated, count) + logChoose(control, troubled - count) - logAll),
  );
}

function convolved(a: readonly number[], b: readonly number[]): number[] {
  const sums = Array.from({ length: a.length + b.length - 1 }, () => 0);
  for (const [i, x] of a.entries()) {
    for (const [j, y] of b.entries()) sums[i + j] = (sums[i + j] ?? 0) + x * y;
  }
  return sums;
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const logFactorials = [0];

function logFactorial(n: number): number {
  for (let next = logFactorials.length; next <= n; next += 1)
    logFactorials.push((logFactorials[next - 1] ?? 0) + Math.log(next));
  return logFactorials[n] ?? 0;
}
