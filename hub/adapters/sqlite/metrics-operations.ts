/** The embedded metrics store's operations; they run in its worker thread. */
import { HubError, messageOf } from '../../kernel/errors.ts';
import { rollUpOf } from '../roll-up-name.ts';
import { decodeKey, decodeValues, keyEnd } from './line-decoder.ts';
import type { OperationDatabase } from './sqlite-worker.ts';

export interface WriteReport {
  written: number;
  refused: number;
  /** Of the first refused line. */
  reason: string;
}

/** Line key → series id. Holds while nothing has been rolled back. */
const seriesIds = new Map<string, number>();
let validFor = 0;
const maxCachedSeries = 100_000;

/** Writes the good lines; a bad one is counted and keeps none of the others out, as InfluxDB 1.x does it. */
export function writeLines(db: OperationDatabase, lines: readonly string[]): WriteReport {
  if (validFor !== db.rollbacks) seriesIds.clear();
  validFor = db.rollbacks;
  // A field that is written again takes its new value, the point's other fields stay (RFC 7396 on flat objects).
  const insert = db.prepare(
    `INSERT INTO point (series_id, time_us, fields) VALUES (?1, ?2, ?3)
     ON CONFLICT (series_id, time_us) DO UPDATE SET fields = json_patch(fields, excluded.fields)`,
  );
  const report: WriteReport = { written: 0, refused: 0, reason: '' };
  for (const line of lines) {
    try {
      const end = keyEnd(line);
      const { fields, timeUs } = decodeValues(line, end);
      insert.run(seriesId(db, line.slice(0, end)), timeUs, JSON.stringify(fields));
      report.written += 1;
    } catch (error) {
      // What SQLite says concerns the whole write.
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
  // The update changes nothing; without it RETURNING would be silent about a row that exists.
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
    const { changes } = db
      .prepare(
        `DELETE FROM point WHERE series_id = ?1 AND time_us IN (
           SELECT time_us FROM point WHERE series_id = ?1 AND time_us < ?2 ORDER BY time_us LIMIT ?3)`,
      )
      .run(id, beforeUs, left);
    left -= Number(changes);
    if (left === 0) return true;
  }
  return false;
}

/** Part of the time there is that one call removes. */
const removedShare = 0.05;

/** Removes points from the oldest on, of every series. @returns how many; 0: there are none */
export function removeOldest(db: OperationDatabase): number {
  const [span] = db
    .prepare(
      `SELECT min(oldest) AS oldest, max(newest) AS newest FROM (
         SELECT (SELECT min(time_us) FROM point WHERE series_id = id) AS oldest,
                (SELECT max(time_us) FROM point WHERE series_id = id) AS newest FROM series)`,
    )
    .all();
  const oldest = Number(span?.['oldest'] ?? 0);
  const beforeUs = Math.ceil(oldest + Math.max(1, (Number(span?.['newest'] ?? 0) - oldest) * removedShare));
  const remove = db.prepare(
    `DELETE FROM point WHERE series_id = ?1 AND time_us IN (
       SELECT time_us FROM point WHERE series_id = ?1 AND time_us < ?2 ORDER BY time_us LIMIT ?3)`,
  );
  let removed = 0;
  for (const { id } of db.prepare('SELECT id FROM series').all()) {
    removed += Number(remove.run(Number(id), beforeUs, removedAtOnce - removed).changes);
    // The next call goes on from here.
    if (removed >= removedAtOnce) break;
  }
  return removed;
}

const minuteUs = 60_000_000;

interface Sum {
  count: number;
  /** Of numbers only. */
  min: number;
  max: number;
  total: number;
}

/** One point a minute and series, with the names InfluxDB gives its `count(*), min(*), max(*), mean(*)`. */
export function rollUp(
  db: OperationDatabase,
  { measurement, fromUs, toUs }: { measurement: string; fromUs: number; toUs: number },
): void {
  const points = db.prepare(
    'SELECT time_us, fields FROM point WHERE series_id = ?1 AND time_us >= ?2 AND time_us < ?3',
  );
  const insert = db.prepare('INSERT OR REPLACE INTO point (series_id, time_us, fields) VALUES (?1, ?2, ?3)');
  for (const { id, device, tags } of seriesOf(db, measurement)) {
    const minutes = new Map<number, Map<string, Sum>>();
    for (const row of points.all(id, fromUs, toUs)) {
      const minute = Math.floor(Number(row['time_us']) / minuteUs) * minuteUs;
      const sums = minutes.get(minute) ?? new Map<string, Sum>();
      minutes.set(minute, sums);
      addUp(sums, JSON.parse(String(row['fields'])) as Record<string, unknown>);
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

function addUp(sums: Map<string, Sum>, fields: Record<string, unknown>): void {
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
