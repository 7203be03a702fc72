import { HubError, messageOf } from '../../../kernel/errors.ts';
import { siblingModule } from '../../../kernel/sibling-module.ts';
import type {
  MetricsStore,
  ReadingsQuery,
  ReadingsRow,
  SeriesBucket,
  SeriesQuery,
  WriteOutcome,
} from '../../../telemetry/store.ts';
import type { Buckets, BucketQuery } from './buckets.ts';
import type { Point } from './chunk.ts';
import type { PointsQuery, WriteReport } from './metrics-operations.ts';
import { rollUpOf } from '../../roll-up-name.ts';
import { openDatabase, type Database, type DatabaseOptions } from '../sqlite.ts';

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
  `-- Points of a series that are no longer written, many in one row; no two chunks of a series overlap.
   CREATE TABLE chunk (
     series_id INTEGER NOT NULL,
     from_us INTEGER NOT NULL,
     -- Inclusive.
     to_us INTEGER NOT NULL,
     points INTEGER NOT NULL,
     body BLOB NOT NULL,
     PRIMARY KEY (series_id, from_us)
   ) STRICT;`,
];

/**
 * The metrics store that needs no installation: one SQLite file behind a worker thread, idempotent by
 * (measurement, tags, time) like InfluxDB. Unlike InfluxDB, it does not compare types of fields between points.
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
    series: (query) => series(db, query, 'points'),
    rolledSeries: (query) => series(db, { ...query, measurement: rollUpOf(query.measurement) }, 'roll-ups'),
    async seriesCounts(query) {
      const counted = await buckets(db, query, 'counts');
      return counted.map(({ bucket, fields }) => ({
        timeMs: bucket * query.stepMs,
        fields: ofFields(query, fields, ({ count }) => count),
      }));
    },
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
      compact: async ({ beforeMs, oldMs, from = 0 }) => {
        const ages = { beforeUs: microseconds(beforeMs), oldUs: microseconds(oldMs) };
        return (await change(db, 'compact', { from, ...ages })) as number | undefined;
      },
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
  const { fromMs, toMs, ...rest } = query;
  const asked = { ...rest, fromUs: microseconds(fromMs), toUs: microseconds(toMs) };
  const points = (await inquire(db, 'readings', asked)) as Point[];
  return points.map(({ timeUs, fields }) => ({ timeMs: timeUs / 1000, fields }));
}

/** Reads are done in slices, and writes run between two slices. A read waits for at most this many slices of others. */
const slices = 32;

async function series(db: Database, query: SeriesQuery, of: BucketQuery['of']): Promise<SeriesBucket[]> {
  const summed = await buckets(db, query, of);
  return summed.map(({ bucket, fields }) => ({
    timeMs: bucket * query.stepMs,
    fields: ofFields(query, fields, ({ total, min, max, count }) => ({
      mean: total / count,
      min,
      max,
      count,
    })),
  }));
}

type Bucket = ReturnType<Buckets['all']>[number];

/** Reads slice by slice: a long range in one read would delay the writes that wait. */
async function buckets(db: Database, query: SeriesQuery, of: BucketQuery['of']): Promise<Bucket[]> {
  const { measurement, device, fromMs, toMs, stepMs } = query;
  const fields = query.fields.map(({ name }) => name);
  const sliceMs = stepMs * Math.max(1, Math.ceil((toMs - fromMs) / stepMs / slices));
  const found: Bucket[] = [];
  // Slices begin at whole buckets.
  for (let begin = Math.floor(fromMs / stepMs) * stepMs; begin < toMs; begin += sliceMs) {
    const [fromUs = 0, toUs = 0] = [Math.max(begin, fromMs), Math.min(begin + sliceMs, toMs)].map(
      microseconds,
    );
    const asked: PointsQuery & BucketQuery = {
      measurement,
      device,
      fromUs,
      toUs,
      fields,
      of,
      stepUs: stepMs * 1000,
    };
    found.push(...((await inquire(db, 'buckets', asked)) as Bucket[]));
  }
  return found;
}

/** @returns by field: the result of `make` for its sums */
function ofFields<Made>(
  { fields }: SeriesQuery,
  sums: Bucket['fields'],
  make: (sum: NonNullable<Bucket['fields'][number]>) => Made,
): Record<string, Made> {
  const made: Record<string, Made> = {};
  for (const [index, { name }] of fields.entries()) {
    const sum = sums[index];
    if (sum !== undefined) made[name] = make(sum);
  }
  return made;
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

async function inquire(
  db: Database,
  ...[operation, argument]: Parameters<Database['query']>
): Promise<unknown> {
  try {
    return await db.query(operation, argument);
  } catch (cause) {
    throw new HubError('store-unavailable', messageOf(cause), { cause });
  }
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
