/** The operations of the spool. They run in its worker thread, each in a transaction of its own. */
import type { DeadLetterSelection } from '../../../schemas/api/telemetry/spool.ts';
import type { NewDeadLetter, RemovedLetters, SpooledLines } from '../../telemetry/spool-store.ts';
import type { Row } from './sqlite-protocol.ts';
import type { OperationDatabase } from './sqlite-worker.ts';

interface EntryRow {
  id: number;
  text: string;
  shares: string;
  lines: number;
  size: number;
  spooled_ms: number;
}

/** @returns the oldest entries: at least one, and as many as fit in `lines` and `size` */
export function head(
  db: OperationDatabase,
  limits: { lines: number; size: number },
): SpooledLines | undefined {
  const ids: number[] = [];
  const found: SpooledLines = { ids, oldestMs: 0, lines: [], shares: {}, size: 0 };
  const shares = new Map<string, number>();
  for (const row of db.prepare('SELECT * FROM entry ORDER BY id').iterate() as Iterable<unknown>) {
    const entry = row as EntryRow;
    const fits = found.lines.length + entry.lines <= limits.lines && found.size + entry.size <= limits.size;
    if (ids.length > 0 && !fits) break;
    if (ids.length === 0) found.oldestMs = entry.spooled_ms;
    ids.push(entry.id);
    for (const line of entry.text.split('\n')) found.lines.push(line);
    found.size += entry.size;
    for (const [id, count] of Object.entries(JSON.parse(entry.shares) as Record<string, number>)) {
      shares.set(id, (shares.get(id) ?? 0) + count);
    }
  }
  return ids.length === 0 ? undefined : { ...found, shares: Object.fromEntries(shares) };
}

export function remove(
  db: OperationDatabase,
  { ids, refused, nowMs }: { ids: readonly number[]; refused: readonly NewDeadLetter[]; nowMs: number },
): void {
  db.prepare('DELETE FROM entry WHERE id IN (SELECT value FROM json_each(?1))').run(JSON.stringify(ids));
  addDeadLetters(db, { letters: refused, nowMs });
}

export function addDeadLetters(
  db: OperationDatabase,
  { letters, nowMs }: { letters: readonly NewDeadLetter[]; nowMs: number },
): void {
  const insert = db.prepare(
    'INSERT INTO dead_letter (account, type, line, reason, refused_ms) VALUES (?1, ?2, ?3, ?4, ?5)',
  );
  for (const { account, type, line, reason } of letters) insert.run(account, type, line, reason, nowMs);
}

export function purge(db: OperationDatabase, selection: DeadLetterSelection): RemovedLetters {
  return forget(db, select(db, selection, -1));
}

export function retry(
  db: OperationDatabase,
  { selection, limit, nowMs }: { selection: DeadLetterSelection; limit: number; nowMs: number },
): RemovedLetters & { size: number } {
  const letters = select(db, selection, limit);
  const lines = letters.map(({ line }) => line);
  const { shares, types } = forget(db, letters);
  const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  if (lines.length > 0) {
    db.prepare('INSERT INTO entry (text, shares, lines, size, spooled_ms) VALUES (?1, ?2, ?3, ?4, ?5)').run(
      lines.join('\n'),
      JSON.stringify(shares),
      lines.length,
      size,
      nowMs,
    );
  }
  return { shares, types, size };
}

function forget(db: OperationDatabase, letters: readonly LetterRow[]): RemovedLetters {
  const shares = new Map<string, number>();
  const types = new Map<string, number>();
  const drop = db.prepare('DELETE FROM dead_letter WHERE id = ?1');
  for (const { id, account, type } of letters) {
    drop.run(id);
    shares.set(account, (shares.get(account) ?? 0) + 1);
    types.set(type, (types.get(type) ?? 0) + 1);
  }
  return { shares: Object.fromEntries(shares), types: Object.fromEntries(types) };
}

interface LetterRow {
  id: number;
  account: string;
  type: string;
  line: string;
}

function letterRow(row: Row): LetterRow {
  return {
    id: Number(row['id']),
    account: String(row['account']),
    type: String(row['type']),
    line: String(row['line']),
  };
}

function select(db: OperationDatabase, selection: DeadLetterSelection, limit: number): LetterRow[] {
  const columns = 'SELECT id, account, type, line FROM dead_letter';
  if ('ids' in selection) {
    const sql = `${columns} WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id LIMIT ?2`;
    return db.prepare(sql).all(JSON.stringify(selection.ids), limit).map(letterRow);
  }
  if ('device' in selection) {
    const sql = `${columns} WHERE account = ?1 ORDER BY id LIMIT ?2`;
    return db.prepare(sql).all(selection.device, limit).map(letterRow);
  }
  return db.prepare(`${columns} ORDER BY id LIMIT ?1`).all(limit).map(letterRow);
}
