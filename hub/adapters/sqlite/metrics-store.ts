import { HubError, messageOf } from '../../kernel/errors.ts';
import { siblingModule } from '../../kernel/sibling-module.ts';
import type {
  MetricsStore,
  ReadingsQuery,
  ReadingsRow,
  SeriesBucket,
  SeriesQuery,
  WriteOutcome,
} from '../../telemetry/store.ts';
import type { WriteReport } from './metrics-operations.ts';
import { rollUpOf } from '../roll-up-name.ts';
import { openDatabase, type Database, type DatabaseOptions } from './sqlite.ts';
import type { SqlValue } from './sqlite-protocol.ts';

export const metricsMigrations: readonly string[] = [
  `CREATE TABLE series (
     id INTEGER PRIMARY KEY,
     measurement TEXT NOT NULL,
     device TEXT NOT NULL,
     -- Every tag, [[key, value], …] by key, as JSON.
     tags TEXT NOT NULL,
     UNIQUE (measurement, tags)
   ) STRICT;
   CREATE INDEX series_by_device ON series (measurement, device);

   CREATE TABLE point (
     series_id INTEGER NOT NULL,
     time_us INTEGER NOT NULL,
     fields TEXT NOT NULL,
     PRIMARY KEY (series_id, time_us)
   ) STRICT, WITHOUT ROWID;`,
];

/**
 * The metrics store that needs nothing installed: one SQLite file behind a worker thread, idempotent by
 * (measurement, tags, time) like InfluxDB. Types of fields are not compared between points.
 * @throws HubError `database-failed`
 */
export async function openMetricsStore(
  options: Pick<DatabaseOptions, 'file' | 'onFailure' | 'clock' | 'log'>,
): Promise<MetricsStore> {
  const operations = siblingModule('metrics-operations', import.meta.url);
  const db = await openDatabase({ ...options, migrations: metricsMigrations, operations });
  return {
    name: 'embedded',
    write: (lines) => write(db, lines),
    readings: (query) => readings(db, query),
    series: (query) => series(db, query, rawColumns),
    rolledSeries: (query) =>
      series(db, { ...query, measurement: rollUpOf(query.measurement) }, rolledColumns),
    rollUp: async (measurement, fromMs, toMs) => {
      await change(db, 'rollUp', { measurement, fromUs: fromMs * 1000, toUs: toMs * 1000 });
    },
    removeBefore: async (measurement, beforeMs) =>
      (await change(db, 'removeBefore', { measurement, beforeUs: microseconds(beforeMs) })) as boolean,
    bounded: {
      size: async () => {
        const [row] = await read(
          db,
          `SELECT (page_count - freelist_count) * page_size AS size
             FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`,
          [],
        );
        return Number(row?.['size'] ?? 0);
      },
      removeOldest: async () => Number(await change(db, 'removeOldest', undefined)),
    },
    probe: async () => {
      await read(db, 'SELECT 1', []);
      return 'the embedded store';
    },
    close: () => db.close(),
  };
}

async function write(db: Database, lines: readonly string[]): Promise<WriteOutcome> {
  if (lines.length === 0) return { kind: 'stored' };
  try {
    const { written, refused, reason } = (await db.call('writeLines', lines)) as WriteReport;
    if (refused === 0) return { kind: 'stored' };
    return { kind: written === 0 ? 'refused' : 'partial', reason };
  } catch (error) {
    return { kind: 'unavailable', reason: messageOf(error) };
  }
}

async function readings(db: Database, query: ReadingsQuery): Promise<ReadingsRow[]> {
  const newestFirst = query.take === 'last';
  const rows = await read(
    db,
    `SELECT time_us, fields FROM point
      WHERE series_id IN (SELECT id FROM series WHERE measurement = ?1 AND device = ?2)
        AND time_us >= ?3 AND time_us < ?4
      ORDER BY time_us ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?5`,
    [query.measurement, query.device, microseconds(query.fromMs), microseconds(query.toMs), query.limit],
  );
  if (newestFirst) rows.reverse();
  return rows.map((row) => ({
    timeMs: Number(row['time_us']) / 1000,
    fields: JSON.parse(String(row['fields'])) as ReadingsRow['fields'],
  }));
}

/** How many slices of other reads a read waits for at most. Writes get their turn between two slices. */
const slices = 32;

interface Columns {
  /** What a field's values come from: names inside `fields`. */
  names: (field: string) => string[];
  /** mean, min, max and count of them; `at` is the number of the first. */
  sums: (at: number) => string;
}

const rawColumns: Columns = {
  names: (field) => [field],
  sums: (at) => `avg(v${at}), min(v${at}), max(v${at}), count(v${at})`,
};

/** Weighted by how many points each minute had. */
const rolledColumns: Columns = {
  names: (field) => ['mean', 'min', 'max', 'count'].map((sum) => `${sum}_${field}`),
  sums: (at) =>
    `sum(v${at} * v${at + 3}) / sum(v${at + 3}), min(v${at + 1}), max(v${at + 2}), sum(iif(v${at} IS NULL, 0, v${at + 3}))`,
};

/** Bucket by bucket in SQL, slice by slice: a long range in one read would delay the writes behind it. */
async function series(db: Database, query: SeriesQuery, { names, sums }: Columns): Promise<SeriesBucket[]> {
  const { measurement, device, fields, fromMs, toMs, stepMs } = query;
  const paths = fields.flatMap(({ name }) => names(name));
  const each = paths.length / Math.max(1, fields.length);
  const sql = `SELECT bucket, ${fields.map((_, index) => sums(index * each)).join(', ')} FROM (
      SELECT time_us / CAST(?3 AS INTEGER) AS bucket, ${paths.map((_, index) => `fields ->> ?${index + 6} AS v${index}`).join(', ')}
        FROM point
       WHERE series_id IN (SELECT id FROM series WHERE measurement = ?1 AND device = ?2)
         AND time_us >= ?4 AND time_us < ?5)
    GROUP BY bucket ORDER BY bucket`;
  const sliceMs = stepMs * Math.ceil((toMs - fromMs) / stepMs / slices);
  const buckets: SeriesBucket[] = [];
  // Slices begin at whole buckets.
  for (let begin = Math.floor(fromMs / stepMs) * stepMs; begin < toMs; begin += sliceMs) {
    const range = [Math.max(begin, fromMs), Math.min(begin + sliceMs, toMs)].map(microseconds);
    const rows = await read(db, sql, [measurement, device, stepMs * 1000, ...range, ...paths]);
    for (const row of rows) buckets.push(bucketOf(Object.values(row), fields, stepMs));
  }
  return buckets.filter((bucket) => Object.keys(bucket.fields).length > 0);
}

/** A row is the number of the bucket, then mean, min, max and count of each field. */
function bucketOf(row: readonly SqlValue[], fields: SeriesQuery['fields'], stepMs: number): SeriesBucket {
  const summaries: SeriesBucket['fields'] = {};
  for (const [index, { name }] of fields.entries()) {
    const [mean = 0, min = 0, max = 0, count = 0] = row.slice(1 + index * 4, 5 + index * 4).map(Number);
    if (count > 0) summaries[name] = { mean, min, max, count };
  }
  return { timeMs: Number(row[0]) * stepMs, fields: summaries };
}

async function change(
  db: Database,
  ...[operation, argument]: Parameters<Database['call']>
): Promise<unknown> {
  try {
    return await db.call(operation, argument);
  } catch (cause) {
    throw new HubError('store-unavailable', messageOf(cause), { cause });
  }
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}

async function read(
  db: Database,
  ...[sql, params]: Parameters<Database['read']>
): ReturnType<Database['read']> {
  try {
    return await db.read(sql, params);
  } catch (cause) {
    throw new HubError('store-unavailable', messageOf(cause), { cause });
  }
}
