/** Least, median and greatest of a figure over the rounds, two decimals each. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const half = sorted.length / 2;
  const median = (at(Math.ceil(half) - 1) + at(Math.floor(half))) / 2;
  const rounded = (value: number): number => Number(value.toFixed(2));
  return { min: rounded(at(0)), median: rounded(median), max: rounded(at(sorted.length - 1)) };
}
