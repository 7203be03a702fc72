/** One field over time, in buckets: what the hub sent, and what the live feed adds to it. Pure. */
import type { DeviceSeries } from '../../../../../schemas/api/telemetry/readings.ts';
import { decimalsOf } from '../number-text.ts';

export interface Bucket {
  /** Its beginning, Unix ms. */
  timeMs: number;
  mean: number;
  min: number;
  max: number;
  /** Readings in it. */
  count: number;
}

/** Columns for the chart: times, lowest, highest, mean; null where the line is to break. */
export type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]];

export class Series {
  readonly stepMs: number;
  readonly #buckets: Bucket[] = [];
  /** The newest reading itself, where it is known. */
  last: { timeMs: number; value: number } | undefined;

  constructor(answer: Pick<DeviceSeries, 'stepMs' | 'times' | 'fields'>, field: string) {
    this.stepMs = answer.stepMs;
    const columns = answer.fields[field];
    for (const [at, timeMs] of answer.times.entries()) {
      const mean = columns?.mean[at];
      if (columns === undefined || mean === null || mean === undefined) continue;
      const { min, max, count } = columns;
      this.#buckets.push({ timeMs, mean, min: min[at] ?? mean, max: max[at] ?? mean, count: count[at] ?? 1 });
    }
  }

  /** Oldest first. */
  get buckets(): readonly Bucket[] {
    return this.#buckets;
  }

  /** One more reading, which may be late: it goes into the bucket of its time. */
  add(timeMs: number, value: number): void {
    this.newest(timeMs, value);
    const start = Math.floor(timeMs / this.stepMs) * this.stepMs;
    let at = this.#buckets.length;
    while (at > 0 && (this.#buckets[at - 1]?.timeMs ?? 0) > start) at -= 1;
    const same = this.#buckets[at - 1];
    if (same?.timeMs !== start) {
      this.#buckets.splice(at, 0, { timeMs: start, mean: value, min: value, max: value, count: 1 });
      return;
    }
    same.mean = (same.mean * same.count + value) / (same.count + 1);
    same.min = Math.min(same.min, value);
    same.max = Math.max(same.max, value);
    same.count += 1;
  }

  /** A reading that may be the newest. */
  newest(timeMs: number, value: number): void {
    if (timeMs >= (this.last?.timeMs ?? 0)) this.last = { timeMs, value };
  }

  /** How many decimals its readings have: lowest and highest are readings, means are not. */
  get decimals(): number {
    const ends = this.#buckets.flatMap(({ min, max }) => [min, max]);
    return decimalsOf(this.last === undefined ? ends : [...ends, this.last.value]);
  }

  /** Forgets what lies before; called as the span moves on. */
  trim(fromMs: number): void {
    const first = this.#buckets.findIndex(({ timeMs }) => timeMs + this.stepMs > fromMs);
    this.#buckets.splice(0, first === -1 ? this.#buckets.length : first);
  }

  /** The line breaks where far more time than usual passes without a reading: nothing is known of it. */
  columns(): Columns {
    const columns: Columns = [[], [], [], []];
    const [times, mins, maxs, means] = columns;
    const longest = Math.max(2 * this.stepMs, 3 * this.#usualGapMs());
    let lastMs: number | undefined;
    for (const { timeMs, min, max, mean } of this.#buckets) {
      if (lastMs !== undefined && timeMs - lastMs > longest) {
        times.push(lastMs + this.stepMs);
        for (const column of [mins, maxs, means]) column.push(null);
      }
      times.push(timeMs);
      mins.push(min);
      maxs.push(max);
      means.push(mean);
      lastMs = timeMs;
    }
    return columns;
  }

  /** The median distance of neighbours. */
  #usualGapMs(): number {
    const gaps = this.#buckets.slice(1).map(({ timeMs }, at) => timeMs - (this.#buckets[at]?.timeMs ?? 0));
    return gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  }
}
