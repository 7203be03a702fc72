import type { Cell } from './column.ts';
import type { Columns, Wanted } from './chunk.ts';

export interface BucketQuery {
  fields: readonly string[];
  /**
   * `roll-ups`: points that each sum up a minute, with `mean_`, `min_`, `max_` and `count_` of each field. `counts`: only the
   * number of points is counted; the other sums are meaningless.
   */
  of: 'points' | 'roll-ups' | 'counts';
  stepUs: number;
}

/** The sums of one field in one bucket. */
interface Sums {
  total: number;
  min: number;
  max: number;
  count: number;
}

/** Sums up points by field, in buckets of one width. Buckets begin at multiples of the width since 1970. */
export class Buckets {
  /** The fields that it reads of points. */
  readonly wanted: Wanted;
  readonly #query: BucketQuery;
  /** By number of the bucket; one entry for each field, in the order of the query. */
  readonly #sums = new Map<number, (Sums | undefined)[]>();

  constructor(query: BucketQuery) {
    this.#query = query;
    const names = new Set(query.fields.flatMap((field) => this.#namesOf(field)));
    this.wanted = { names, presence: query.of === 'counts' };
  }

  /** Adds the points of the span (µs, from inclusive, to exclusive). The columns must be in order of time. */
  add({ timesUs, fields }: Columns, { fromUs, toUs }: { fromUs: number; toUs: number }): void {
    const { fields: asked, stepUs } = this.#query;
    const [begin, end] = [firstFrom(timesUs, fromUs), firstFrom(timesUs, toUs)];
    for (const [index, field] of asked.entries()) {
      const [values, ...weights] = this.#namesOf(field).map((name) => fields.get(name));
      if (values === undefined) continue;
      let sums: Sums | undefined;
      let sumsEndUs = -Infinity;
      for (let at = begin; at < end; at += 1) {
        const value = numberOf(values[at]);
        if (value === undefined) continue;
        const timeUs = timesUs[at] ?? 0;
        if (sums === undefined || timeUs >= sumsEndUs) {
          const bucket = Math.floor(timeUs / stepUs);
          sums = this.#sumsOf(bucket, index);
          sumsEndUs = (bucket + 1) * stepUs;
        }
        if (weights.length === 0) addValue(sums, value);
        else addMinute(sums, value, weights, at);
      }
    }
  }

  /** All buckets, in order of time. Each begins at `bucket` times the step; fields are in the order of the query. */
  all(): { bucket: number; fields: (Sums | undefined)[] }[] {
    return [...this.#sums]
      .map(([bucket, fields]) => ({ bucket, fields }))
      .toSorted((a, b) => a.bucket - b.bucket);
  }

  #namesOf(field: string): string[] {
    return this.#query.of === 'roll-ups'
      ? ['mean', 'min', 'max', 'count'].map((sum) => `${sum}_${field}`)
      : [field];
  }

  #sumsOf(bucket: number, field: number): Sums {
    let places = this.#sums.get(bucket);
    if (places === undefined) {
      places = [];
      this.#sums.set(bucket, places);
    }
    return (places[field] ??= { total: 0, min: Infinity, max: -Infinity, count: 0 });
  }
}

function addValue(sums: Sums, value: number): void {
  sums.total += value;
  sums.min = Math.min(sums.min, value);
  sums.max = Math.max(sums.max, value);
  sums.count += 1;
}

/** @param weights the least, the greatest and the count of each minute */
function addMinute(
  sums: Sums,
  mean: number,
  weights: readonly (ArrayLike<Cell> | undefined)[],
  at: number,
): void {
  const [min = mean, max = mean, count = 0] = weights.map((each) => numberOf(each?.[at]));
  sums.total += mean * count;
  sums.min = Math.min(sums.min, min);
  sums.max = Math.max(sums.max, max);
  sums.count += count;
}

/** Booleans count as 1 and 0. */
function numberOf(cell: Cell): number | undefined {
  if (typeof cell === 'boolean') return Number(cell);
  return typeof cell === 'number' ? cell : undefined;
}

/** @returns the index of the first time that is not before `us` */
function firstFrom(timesUs: ArrayLike<number>, us: number): number {
  let [low, high] = [0, timesUs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timesUs[middle] ?? 0) < us) low = middle + 1;
    else high = middle;
  }
  return low;
}
