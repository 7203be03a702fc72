/** The embedded metrics store's operations; they run in its worker thread. */
import { HubError, messageOf } from '../../../kernel/errors.ts';
import { rollUpOf } from '../../roll-up-name.ts';
import { decodeKey, decodeValues, keyEnd } from './line-decoder.ts';
import type { OperationDatabase } from '../sqlite-worker.ts';
import { Buckets, type BucketQuery } from './buckets.ts';
import type { Point } from './chunk.ts';
import {
  compactSeries,
  readColumns,
  readPoints,
  readSome,
  removePointsBefore,
  writePoint,
} from './points.ts';

export interface WriteReport {
  written: number;
  refused: number;
  /** Why the first refused line was refused. */
  reason: string;
}

/** Line key → series id. Valid until a rollback. */
const seriesIds = new Map<string, number>();
let validFor = 0;
const maxCachedSeries = 100_000;

/** Writes the good lines and counts the bad ones, as InfluxDB 1.x does. */
export function writeLines(db: OperationDatabase, lines: readonly string[]): WriteReport {
  if (validFor !== db.rollbacks) seriesIds.clear();
  validFor = db.rollbacks;
  const report: WriteReport = { written: 0, refused: 0, reason: '' };
  for (const line of lines) {
    try {
      const end = keyEnd(line);
      const { fields, timeUs } = decodeValues(line, end);
      writePoint(db, seriesId(db, line.slice(0, end)), timeUs, JSON.stringify(fields));
      report.written += 1;
    } catch (error) {
      // An error of SQLite concerns the whole write.
      if (!(error instanceof HubError)) throw error;
      if (report.refused === 0) report.reason = messageOf(error);
      report.refused += 1;
    }
  }
  return report;
}

function seriesId(db: OperationDatabase, key: string): number {
  const known = seriesIds.get(key);
  if (known !== undefined) return known;
  const { measurement, tags } = decodeKey(key);
  const sorted = Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1));
  // The update changes nothing, but without it RETURNING would leave out a row that exists.
  const row = db
    .prepare(
      `INSERT INTO series (measurement, device, tags) VALUES (?1, ?2, ?3)
       ON CONFLICT (measurement, tags) DO UPDATE SET device = device RETURNING id`,
    )
    .get(measurement, tags['device'] ?? '', JSON.stringify(sorted));
  const id = Number(row?.['id']);
  if (seriesIds.size >= maxCachedSeries) seriesIds.clear();
  seriesIds.set(key, id);
  return id;
}

/** Points removed in one commit, so that writes wait only a short time. */
const removedAtOnce = 20_000;

/** @returns whether there are more to remove */
export function removeBefore(
  db: OperationDatabase,
  { measurement, beforeUs }: { measurement: string; beforeUs: number },
): boolean {
  let left = removedAtOnce;
  for (const { id } of seriesOf(db, measurement)) {
    left -= removePointsBefore(db, id, beforeUs, left);
    if (left <= 0) return true;
  }
  return false;
}

/** One call removes this share of the time that the store covers. */
const removedShare = 0.05;

/** Removes the oldest points of every series. @returns how many; 0: the store is empty */
export function removeOldest(db: OperationDatabase): number {
  const [span] = db
    .prepare(
      `SELECT min(oldest) AS oldest, max(newest) AS newest FROM (
         SELECT (SELECT min(time_us) FROM point WHERE series_id = id) AS oldest,
                (SELECT max(time_us) FROM point WHERE series_id = id) AS newest FROM series
         UNION ALL
         SELECT (SELECT min(from_us) FROM chunk WHERE series_id = id),
                (SELECT max(to_us) FROM chunk WHERE series_id = id) FROM series)`,
    )
    .all();
  const oldest = Number(span?.['oldest'] ?? 0);
  const beforeUs = Math.ceil(oldest + Math.max(1, (Number(span?.['newest'] ?? 0) - oldest) * removedShare));
  let removed = 0;
  for (const { id } of db.prepare('SELECT id FROM series').all()) {
    removed += removePointsBefore(db, Number(id), beforeUs, removedAtOnce - removed);
    // The next call continues from here.
    if (removed >= removedAtOnce) break;
  }
  return removed;
}

/** The most series that one call looks at. It makes at most one chunk, so that writes wait only a short time. */
const lookedAtOnce = 200;

/**
 * Makes chunks of points that are older than `beforeUs`, if there are enough of them or they are older than `oldUs`.
 * @param from the series to begin with: 0, or the result of the previous call
 * @returns the series with which the next call begins; undefined after the last one
 */
export function compact(
  db: OperationDatabase,
  { from, ...ages }: { from: number; beforeUs: number; oldUs: number },
): number | undefined {
  const rows = db
    .prepare('SELECT id FROM series WHERE id >= ?1 ORDER BY id LIMIT ?2')
    .all(from, lookedAtOnce);
  for (const row of rows) {
    const id = Number(row['id']);
    // The series may need more than one chunk.
    if (compactSeries(db, id, ages)) return id;
  }
  return rows.length < lookedAtOnce ? undefined : Number(rows.at(-1)?.['id']) + 1;
}

export interface PointsQuery {
  measurement: string;
  device: string;
  fromUs: number;
  toUs: number;
}

/** The first or last points of a device, in order of time. */
export function readings(
  db: OperationDatabase,
  {
    measurement,
    device,
    tags,
    ...query
  }: PointsQuery & {
    take: 'first' | 'last';
    limit: number;
    tags?: true;
  },
): Point[] {
  const points = seriesOfDevice(db, measurement, device)
    .flatMap((id) => {
      const own = readSome(db, id, query, query);
      return tags === true && own.length > 0 ? withTags(own, tagsOf(db, id)) : own;
    })
    .toSorted((a, b) => a.timeUs - b.timeUs);
  return query.take === 'last' ? points.slice(-query.limit) : points.slice(0, query.limit);
}

function tagsOf(db: OperationDatabase, id: number): Readonly<Record<string, string>> {
  const [row] = db.prepare('SELECT tags FROM series WHERE id = ?1').all(id);
  return Object.fromEntries(JSON.parse(String(row?.['tags'] ?? '[]')) as [string, string][]);
}

function withTags(points: readonly Point[], tags: Readonly<Record<string, string>>): Point[] {
  return points.map((point) => ({ ...point, fields: { ...tags, ...point.fields } }));
}

/** The points of a device, summed up in buckets. */
export function buckets(
  db: OperationDatabase,
  { measurement, device, ...query }: PointsQuery & BucketQuery,
): ReturnType<Buckets['all']> {
  const sums = new Buckets(query);
  for (const id of seriesOfDevice(db, measurement, device))
    for (const columns of readColumns(db, id, query, sums.wanted)) sums.add(columns, query);
  return sums.all();
}

/** A series as it is stored: every tag, [[key, value], …] by key. */
export interface SeriesKey {
  id: number;
  measurement: string;
  tags: [string, string][];
}

/** Series in the order of their ids. */
export function seriesFrom(db: OperationDatabase, { id, limit }: { id: number; limit: number }): SeriesKey[] {
  const rows = db
    .prepare('SELECT id, measurement, tags FROM series WHERE id >= ?1 ORDER BY id LIMIT ?2')
    .all(id, limit);
  return rows.map((row) => ({
    id: Number(row['id']),
    measurement: String(row['measurement']),
    tags: JSON.parse(String(row['tags'])) as [string, string][],
  }));
}

/** The first points of a series from a time on. */
export function pointsFrom(
  db: OperationDatabase,
  { id, fromUs, limit }: { id: number; fromUs: number; limit: number },
): Point[] {
  return readSome(db, id, { fromUs, toUs: Infinity }, { take: 'first', limit });
}

/** The number of points. One that is in a row as well as in a chunk counts twice. */
export function countPoints(db: OperationDatabase): number {
  const [row] = db
    .prepare('SELECT (SELECT count(*) FROM point) + (SELECT coalesce(sum(points), 0) FROM chunk) AS points')
    .all();
  return Number(row?.['points'] ?? 0);
}

const minuteUs = 60_000_000;

interface Sum {
  count: number;
  /** For numbers only. */
  min: number;
  max: number;
  total: number;
}

/** Writes one point per minute and series, with the names that InfluxDB gives to `count(*), min(*), max(*), mean(*)`. */
export function rollUp(
  db: OperationDatabase,
  { measurement, fromUs, toUs }: { measurement: string; fromUs: number; toUs: number },
): void {
  const insert = db.prepare('INSERT OR REPLACE INTO point (series_id, time_us, fields) VALUES (?1, ?2, ?3)');
  for (const { id, device, tags } of seriesOf(db, measurement)) {
    const minutes = new Map<number, Map<string, Sum>>();
    for (const { timeUs, fields } of readPoints(db, id, { fromUs, toUs })) {
      const minute = Math.floor(timeUs / minuteUs) * minuteUs;
      const sums = minutes.get(minute) ?? new Map<string, Sum>();
      minutes.set(minute, sums);
      addUp(sums, fields);
    }
    if (minutes.size === 0) continue;
    const target = db
      .prepare(
        `INSERT INTO series (measurement, device, tags) VALUES (?1, ?2, ?3)
         ON CONFLICT (measurement, tags) DO UPDATE SET device = device RETURNING id`,
      )
      .get(rollUpOf(measurement), device, tags);
    for (const [minute, sums] of minutes) insert.run(Number(target?.['id']), minute, summary(sums));
  }
}

function addUp(sums: Map<string, Sum>, fields: Point['fields']): void {
  for (const [name, value] of Object.entries(fields)) {
    const sum = sums.get(name) ?? { count: 0, min: Infinity, max: -Infinity, total: 0 };
    sums.set(name, sum);
    sum.count += 1;
    if (typeof value !== 'number') continue;
    sum.min = Math.min(sum.min, value);
    sum.max = Math.max(sum.max, value);
    sum.total += value;
  }
}

function summary(sums: ReadonlyMap<string, Sum>): string {
  const fields: Record<string, number> = {};
  for (const [name, { count, min, max, total }] of sums) {
    fields[`count_${name}`] = count;
    if (min > max) continue;
    Object.assign(fields, { [`min_${name}`]: min, [`max_${name}`]: max, [`mean_${name}`]: total / count });
  }
  return JSON.stringify(fields);
}

function seriesOfDevice(db: OperationDatabase, measurement: string, device: string): number[] {
  const rows = db
    .prepare('SELECT id FROM series WHERE measurement = ?1 AND device = ?2')
    .all(measurement, device);
  return rows.map(({ id }) => Number(id));
}

interface SeriesRow {
  id: number;
  device: string;
  tags: string;
}

function seriesOf(db: OperationDatabase, measurement: string): SeriesRow[] {
  const rows = db.prepare('SELECT id, device, tags FROM series WHERE measurement = ?1').all(measurement);
  return rows.map((row) => ({
    id: Number(row['id']),
    device: String(row['device']),
    tags: String(row['tags']),
  }));
}
