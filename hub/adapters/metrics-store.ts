import { HubError, messageOf } from '../kernel/errors.ts';
import { siblingModule } from '../kernel/sibling-module.ts';
import type { MetricsStore, ReadingsQuery, ReadingsRow, WriteOutcome } from '../telemetry/store.ts';
import type { WriteReport } from './metrics-operations.ts';
import { openDatabase, type Database, type DatabaseOptions } from './sqlite.ts';

const migrations = [
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
  options: Pick<DatabaseOptions, 'file' | 'onFailure'>,
): Promise<MetricsStore> {
  const operations = siblingModule('metrics-operations', import.meta.url);
  const db = await openDatabase({ ...options, migrations, operations });
  return {
    name: 'embedded',
    write: (lines) => write(db, lines),
    readings: (query) => readings(db, query),
    rollUp: async (measurement, fromMs, toMs) => {
      await change(db, 'rollUp', { measurement, fromUs: fromMs * 1000, toUs: toMs * 1000 });
    },
    removeBefore: async (measurement, beforeMs) =>
      (await change(db, 'removeBefore', { measurement, beforeUs: microseconds(beforeMs) })) as boolean,
    probe: async () => {
      await read(db, 'SELECT 1', []);
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
