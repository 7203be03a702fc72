/** The points of a series: each recent one has a row, older ones are in chunks. */
import type { OperationDatabase } from '../sqlite-worker.ts';
import {
  cellOf,
  decodeChunk,
  encodeChunk,
  pointsOf,
  type Columns,
  type Point,
  type Wanted,
} from './chunk.ts';

/** The most points of a chunk: few enough to read it, and write it again, in one step. */
const chunkSize = 4_096;
/** Fewer rows than this are not worth a chunk until they are old. */
const worthwhile = 512;
/** The most chunks that one step writes again. */
const mostChunks = 8;

/** µs, from inclusive, to exclusive. */
export interface Span {
  fromUs: number;
  toUs: number;
}

interface ChunkRow {
  fromUs: number;
  points: number;
  body: Uint8Array;
}

/** A point that is in a chunk already gets a row as well, until the chunk is written again. */
export function writePoint(db: OperationDatabase, seriesId: number, timeUs: number, fields: string): void {
  // A field that is written again gets its new value; the other fields of the point stay (RFC 7396 on flat objects).
  db.prepare(
    `INSERT INTO point (series_id, time_us, fields) VALUES (?1, ?2, ?3)
     ON CONFLICT (series_id, time_us) DO UPDATE SET fields = json_patch(fields, excluded.fields)`,
  ).run(seriesId, timeUs, fields);
}

/** All points of the span, in order of time. */
export function readPoints(db: OperationDatabase, seriesId: number, span: Span): Point[] {
  const chunks = chunksOf(db, seriesId, span);
  const stored = chunks.flatMap(({ body }) => within(pointsOf(decodeChunk(body)), span));
  return united(stored, rowsOf(db, seriesId, span));
}

/** The first points of the span, or the last, in order of time. */
export function readSome(
  db: OperationDatabase,
  seriesId: number,
  span: Span,
  { take, limit }: { take: 'first' | 'last'; limit: number },
): Point[] {
  const rows = rowsOf(db, seriesId, span, { take, limit });
  const chunks = chunksOf(db, seriesId, span);
  if (take === 'last') chunks.reverse();
  const parts: Point[][] = [];
  let count = 0;
  // A row may belong to a point of a chunk, so rows and chunks each give as many points as are wanted.
  for (const { body } of chunks) {
    if (count >= limit) break;
    const points = within(pointsOf(decodeChunk(body)), span);
    parts.push(points);
    count += points.length;
  }
  if (take === 'last') parts.reverse();
  const all = united(parts.flat(), rows);
  return take === 'last' ? all.slice(-limit) : all.slice(0, limit);
}

/** The same points as columns, chunk by chunk. A chunk to whose points no row belongs costs nothing per point. */
export function* readColumns(
  db: OperationDatabase,
  seriesId: number,
  span: Span,
  wanted: Wanted,
): Generator<Columns> {
  const { names } = wanted;
  const rows = rowsOf(db, seriesId, span);
  const taken = new Set<Point>();
  for (const { body } of chunksOf(db, seriesId, span)) {
    const columns = decodeChunk(body, wanted);
    const [first = 0, last = 0] = [0, columns.timesUs.length - 1].map((at) => columns.timesUs[at]);
    const inside = rows.filter(({ timeUs }) => timeUs >= first && timeUs <= last);
    for (const row of inside) taken.add(row);
    yield inside.length === 0 ? columns : columnsOf(united(pointsOf(columns), inside), names);
  }
  const rest = rows.filter((row) => !taken.has(row));
  if (rest.length > 0) yield columnsOf(rest, names);
}

function columnsOf(points: readonly Point[], names: ReadonlySet<string>): Columns {
  return {
    timesUs: points.map(({ timeUs }) => timeUs),
    fields: new Map([...names].map((name) => [name, points.map(({ fields }) => cellOf(fields, name))])),
  };
}

/** Makes one chunk of the oldest rows of a series. @returns false when there were too few */
export function compactSeries(
  db: OperationDatabase,
  seriesId: number,
  { beforeUs, oldUs }: { beforeUs: number; oldUs: number },
): boolean {
  const all = { fromUs: -Infinity, toUs: beforeUs };
  let rows = rowsOf(db, seriesId, all, { take: 'first', limit: chunkSize });
  const [oldest, newest] = [rows[0], rows.at(-1)];
  if (oldest === undefined || newest === undefined) return false;
  if (rows.length < worthwhile && oldest.timeUs >= oldUs) return false;
  const span = { fromUs: oldest.timeUs, toUs: newest.timeUs + 1 };
  const chunks = chunksOf(db, seriesId, span, mostChunks + 1);
  // Old rows may concern many chunks, a few rows each: this step takes the first chunks.
  const next = chunks[mostChunks];
  if (next !== undefined) {
    chunks.length = mostChunks;
    span.toUs = next.fromUs;
    rows = rows.filter(({ timeUs }) => timeUs < span.toUs);
  }
  if (chunks.length === 0) chunks.push(...smallBefore(db, seriesId, span.fromUs, chunkSize - rows.length));
  const points = united(
    chunks.flatMap(({ body }) => pointsOf(decodeChunk(body))),
    rows,
  );
  for (const { fromUs } of chunks) removeChunk(db, seriesId, fromUs);
  writeChunks(db, seriesId, points);
  db.prepare('DELETE FROM point WHERE series_id = ?1 AND time_us >= ?2 AND time_us < ?3').run(
    seriesId,
    span.fromUs,
    span.toUs,
  );
  return true;
}

/** Removes older points, but only about `limit` of them. @returns how many */
export function removePointsBefore(
  db: OperationDatabase,
  seriesId: number,
  beforeUs: number,
  limit: number,
): number {
  let removed = Number(
    db
      .prepare(
        `DELETE FROM point WHERE series_id = ?1 AND time_us IN (
           SELECT time_us FROM point WHERE series_id = ?1 AND time_us < ?2 ORDER BY time_us LIMIT ?3)`,
      )
      .run(seriesId, beforeUs, limit).changes,
  );
  for (const { fromUs, points, body } of chunksOf(db, seriesId, { fromUs: -Infinity, toUs: beforeUs })) {
    if (removed >= limit) break;
    const kept = pointsOf(decodeChunk(body)).filter(({ timeUs }) => timeUs >= beforeUs);
    removeChunk(db, seriesId, fromUs);
    writeChunks(db, seriesId, kept);
    removed += points - kept.length;
  }
  return removed;
}

function rowsOf(
  db: OperationDatabase,
  seriesId: number,
  { fromUs, toUs }: Span,
  { take, limit }: { take: 'first' | 'last'; limit: number } = { take: 'first', limit: -1 },
): Point[] {
  const order = take === 'last' ? 'DESC' : 'ASC';
  const rows = db
    .prepare(
      `SELECT time_us, fields FROM point WHERE series_id = ?1 AND time_us >= ?2 AND time_us < ?3
        ORDER BY time_us ${order} LIMIT ?4`,
    )
    .all(seriesId, bound(fromUs), bound(toUs), limit);
  if (take === 'last') rows.reverse();
  return rows.map((row) => ({
    timeUs: Number(row['time_us']),
    fields: JSON.parse(String(row['fields'])) as Point['fields'],
  }));
}

/** The chunks that may have a point in the span, in order of time. No two chunks of a series overlap. */
function chunksOf(db: OperationDatabase, seriesId: number, { fromUs, toUs }: Span, limit = -1): ChunkRow[] {
  return db
    .prepare(
      `SELECT from_us, points, body FROM chunk WHERE series_id = ?1 AND to_us >= ?2 AND from_us < ?3
          AND from_us >= coalesce((SELECT max(from_us) FROM chunk WHERE series_id = ?1 AND from_us <= ?2), ?2)
        ORDER BY from_us LIMIT ?4`,
    )
    .all(seriesId, bound(fromUs), bound(toUs), limit)
    .map(chunkRow);
}

/** The chunk right before this time, if it has room for this many points more. */
function smallBefore(db: OperationDatabase, seriesId: number, timeUs: number, room: number): ChunkRow[] {
  return db
    .prepare(
      `SELECT from_us, points, body FROM chunk WHERE series_id = ?1 AND from_us < ?2
        ORDER BY from_us DESC LIMIT 1`,
    )
    .all(seriesId, timeUs)
    .map(chunkRow)
    .filter(({ points }) => points <= room);
}

function chunkRow(row: Readonly<Record<string, unknown>>): ChunkRow {
  return {
    fromUs: Number(row['from_us']),
    points: Number(row['points']),
    body: row['body'] as Uint8Array,
  };
}

function writeChunks(db: OperationDatabase, seriesId: number, points: readonly Point[]): void {
  const insert = db.prepare(
    'INSERT INTO chunk (series_id, from_us, to_us, points, body) VALUES (?1, ?2, ?3, ?4, ?5)',
  );
  for (let from = 0; from < points.length; from += chunkSize) {
    const some = points.slice(from, from + chunkSize);
    insert.run(seriesId, some[0]?.timeUs ?? 0, some.at(-1)?.timeUs ?? 0, some.length, encodeChunk(some));
  }
}

function removeChunk(db: OperationDatabase, seriesId: number, fromUs: number): void {
  db.prepare('DELETE FROM chunk WHERE series_id = ?1 AND from_us = ?2').run(seriesId, fromUs);
}

/** Merges two lists that are in order of time. When both have a point, the fields of the row are newer. */
function united(stored: readonly Point[], rows: readonly Point[]): Point[] {
  if (rows.length === 0) return [...stored];
  if (stored.length === 0) return [...rows];
  const byTime = new Map(stored.map((point) => [point.timeUs, point]));
  for (const { timeUs, fields } of rows)
    byTime.set(timeUs, { timeUs, fields: { ...byTime.get(timeUs)?.fields, ...fields } });
  return [...byTime.values()].toSorted((a, b) => a.timeUs - b.timeUs);
}

function within(points: readonly Point[], { fromUs, toUs }: Span): Point[] {
  return points.filter(({ timeUs }) => timeUs >= fromUs && timeUs < toUs);
}

/** SQLite has no infinity among its integers. */
function bound(us: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, us));
}
