/** The metrics store as telemetry needs it: InfluxDB and the embedded SQLite store implement it. */

import type { Reading } from '../../schemas/api/telemetry/readings.ts';

/** The outcome of a write. `reason` has the store's own words. */
export type WriteOutcome =
  | { kind: 'stored' }
  /** The server refused some lines and wrote the others (InfluxDB 1.x 400 `partial write`, 2.x 422). */
  | ({ kind: 'partial'; reason: string } & Blame)
  /** The server refused the body and wrote nothing. */
  | ({ kind: 'refused'; reason: string } & Blame)
  /** 413: send fewer bytes at a time. `byStranger`: a limit of something in between, which says nothing about a line. */
  | { kind: 'too-large'; reason: string; byStranger?: boolean }
  /** No answer, or one that asks to retry later. `retryAfterMs` is the time the server asks for. */
  | { kind: 'unavailable'; reason: string; retryAfterMs?: number | undefined }
  /** The store answers but accepts nothing (401, 403, 404). A person must act; the lines are kept. */
  | { kind: 'misconfigured'; reason: string; status: number }
  /** Something else answers at its address (a proxy's page, a redirect, another program); the lines are kept. */
  | { kind: 'stranger'; reason: string; status: number };

/** What the store says about the lines that it refused, beside its reason. With it, they are found with fewer writes. */
interface Blame {
  /** How many they are. */
  dropped?: number;
  /** The field that some of them have wrong. */
  blamed?: { readonly measurement: string; readonly field: string };
}

/** Lines are InfluxDB line protocol without the line feed, times in microseconds. Writing a line twice stores it once. */
export interface MetricsWriter {
  /** @param signal the caller stops waiting; it is then not known whether the lines were written */
  write(lines: readonly string[], signal?: AbortSignal): Promise<WriteOutcome>;
}

export interface ReadingsQuery {
  measurement: string;
  device: string;
  /** Unix ms, inclusive. */
  fromMs: number;
  /** Unix ms, exclusive. */
  toMs: number;
  /** The maximum number of rows. */
  limit: number;
  /** `last`: the newest rows of the range (answered oldest first); `first`: the oldest. */
  take: 'first' | 'last';
  /** The tags stand among the fields, under their names. */
  tags?: true;
}

/** One point, as the API answers it: `timeMs` Unix ms (may carry three decimals) and its fields; tags only when they are asked for. */
export type ReadingsRow = Reading;

export interface SeriesQuery {
  measurement: string;
  device: string;
  fields: readonly { name: string; kind: 'float' | 'integer' | 'boolean' }[];
  /** Unix ms, inclusive. */
  fromMs: number;
  /** Unix ms, exclusive. */
  toMs: number;
  /** Width of a bucket, whole ms; buckets begin at its multiples since 1970. */
  stepMs: number;
  /** `min` and `max` are of no use to who asks: a store may give the mean for them. */
  meansOnly?: boolean | undefined;
}

/** The values of one field in one bucket; true counts as 1, false as 0. */
export interface Summary {
  mean: number;
  min: number;
  max: number;
  /** How many there are; 1 or more. */
  count: number;
}

/** A bucket that has points. */
export interface SeriesBucket {
  /** Its beginning, Unix ms. */
  timeMs: number;
  /** Fields that have a value in it. */
  fields: Record<string, Summary>;
}

/** How many values the fields of a bucket have: those that have any. */
export interface BucketCounts {
  /** Its beginning, Unix ms. */
  timeMs: number;
  fields: Record<string, number>;
}

/** Every method throws HubError `store-unavailable`. Unknown measurements and devices have no rows. */
export interface MetricsReader {
  readings(query: ReadingsQuery): Promise<ReadingsRow[]>;
  /** The points, summarised per bucket in the store, by time. */
  series(query: SeriesQuery): Promise<SeriesBucket[]>;
  /**
   * The same from the one-minute roll-ups of the measurement; `stepMs` is whole minutes. Booleans have no summary
   * there.
   */
  rolledSeries(query: SeriesQuery): Promise<SeriesBucket[]>;
  /** How many values each bucket of `series` would have, by time, which is cheaper to say than what they are. */
  seriesCounts(query: SeriesQuery): Promise<BucketCounts[]>;
}

/** Long work on what is stored. Every method rejects with HubError `store-unavailable`. */
export interface MetricsUpkeep {
  /**
   * Writes the one-minute roll-ups of the points in [fromMs, toMs), both whole minutes, into measurement
   * `<name>_1m`, tag by tag: `count_<field>`, and of numbers `min_`, `max_`, `mean_<field>`, in InfluxDB `sum_<field>`. Repeating it is harmless.
   */
  rollUp(measurement: string, fromMs: number, toMs: number): Promise<void>;
  /** Removes points older than this, or some of them. @returns whether there are more */
  removeBefore(measurement: string, beforeMs: number): Promise<boolean>;
  /** Of a store on the hub's own disk: absent elsewhere, where its keeper sees to its size. */
  readonly bounded?: BoundedStore;
}

export interface BoundedStore {
  /** Bytes taken by what is stored. */
  size(): Promise<number>;
  /** Removes some of the oldest points, of every measurement. @returns how many; 0: there are none */
  removeOldest(): Promise<number>;
  /**
   * Makes smaller what was measured before `beforeMs`, some of it at a time, where it is much or older than `oldMs`.
   * @param from what the call before gave
   * @returns where to go on; undefined when all is done
   */
  compact(ages: { beforeMs: number; oldMs: number; from?: number | undefined }): Promise<number | undefined>;
}

export interface MetricsStore extends MetricsWriter, MetricsReader, MetricsUpkeep {
  readonly name: 'influxdb' | 'embedded';
  /**
   * Whether the store itself answers and would take lines; costs a round trip or two.
   * @returns what it is, for the log: `InfluxDB 1.8.10`
   * @throws HubError `store-unavailable` with the reason; its details may have `retryAfterMs` and `needsPerson`, as an
   *   outcome of a write has them
   */
  probe(): Promise<string>;
  close(): Promise<void>;
}
