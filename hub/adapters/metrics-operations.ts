/** The embedded metrics store's operations; they run in its worker thread. */
import { HubError, messageOf } from '../kernel/errors.ts';
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
