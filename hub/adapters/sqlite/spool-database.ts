import { siblingModule } from '../../kernel/sibling-module.ts';
import type { PointsByDevice } from '../../telemetry/ledger.ts';
import type { RemovedLetters, SpooledLines, SpoolStore } from '../../telemetry/spool-store.ts';
import { letterOf } from '../rows/dead-letter-rows.ts';
import { openDatabase, type DatabaseOptions } from './sqlite.ts';
import type { Row } from './sqlite-protocol.ts';

export const spoolMigrations: readonly string[] = [
  `-- Lines the metrics store did not take, as they came; AUTOINCREMENT, so that an id never comes twice.
   CREATE TABLE entry (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     text TEXT NOT NULL,
     -- Lines by account, a JSON object.
     shares TEXT NOT NULL,
     lines INTEGER NOT NULL,
     size INTEGER NOT NULL,
     spooled_ms REAL NOT NULL
   ) STRICT;

   CREATE TABLE dead_letter (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     account TEXT NOT NULL,
     line TEXT NOT NULL,
     reason TEXT NOT NULL,
     refused_ms REAL NOT NULL
   ) STRICT;
   CREATE INDEX dead_letter_by_account ON dead_letter (account);`,
  `-- Device type without its version; empty for the hub's own lines, and for those of before.
   ALTER TABLE dead_letter ADD COLUMN type TEXT NOT NULL DEFAULT '';`,
];

/**
 * Opens `spool.db`, which has the spool and the dead letters, with a worker thread of its own.
 * @throws HubError `database-failed`
 */
export async function openSpoolDatabase(
  options: Pick<DatabaseOptions, 'file' | 'onFailure' | 'clock' | 'log'>,
): Promise<SpoolStore> {
  const operations = siblingModule('spool-operations', import.meta.url);
  const db = await openDatabase({ ...options, migrations: spoolMigrations, operations });
  return {
    async levels() {
      const [row] = await db.read(
        `SELECT count(*) AS entries, ifnull(sum(lines), 0) AS lines, ifnull(sum(size), 0) AS size,
                min(spooled_ms) AS oldest, (SELECT count(*) FROM dead_letter) AS dead FROM entry`,
      );
      return {
        lines: Number(row?.['lines']),
        size: Number(row?.['size']),
        deadLetters: Number(row?.['dead']),
        oldestMs: row?.['oldest'] === null ? null : Number(row?.['oldest']),
      };
    },
    async shares() {
      const spooled = await db.read(
        `SELECT share.key AS account, sum(share.value) AS lines
           FROM entry, json_each(entry.shares) AS share GROUP BY share.key`,
      );
      const deadLettered = await db.read(
        'SELECT account, count(*) AS lines FROM dead_letter GROUP BY account',
      );
      const types = await db.read('SELECT type AS account, count(*) AS lines FROM dead_letter GROUP BY type');
      return {
        spooled: sharesOf(spooled),
        deadLettered: sharesOf(deadLettered),
        deadLetteredTypes: sharesOf(types),
      };
    },
    async append({ lines, shares, size, nowMs }) {
      await db.transaction([
        {
          sql: 'INSERT INTO entry (text, shares, lines, size, spooled_ms) VALUES (?1, ?2, ?3, ?4, ?5)',
          params: [lines.join('\n'), JSON.stringify(shares), lines.length, size, nowMs],
        },
      ]);
    },
    head: async (limits) => (await db.call('head', limits)) as SpooledLines | undefined,
    async remove(ids, refused, nowMs) {
      await db.call('remove', { ids, refused, nowMs });
    },
    async page(afterId) {
      const [row] = await db.read('SELECT id, text FROM entry WHERE id > ?1 ORDER BY id LIMIT 1', [afterId]);
      return row === undefined ? undefined : { lastId: Number(row['id']), text: `${String(row['text'])}\n` };
    },
    async addDeadLetters(letters, nowMs) {
      await db.call('addDeadLetters', { letters, nowMs });
    },
    async deadLetters({ device, afterId, limit }) {
      const rows = await db.read(
        `SELECT * FROM dead_letter WHERE id > ?1 AND (?2 IS NULL OR account = ?2) ORDER BY id LIMIT ?3`,
        [afterId, device ?? null, limit],
      );
      return rows.map(letterOf);
    },
    async deadLetter(id) {
      const [row] = await db.read('SELECT * FROM dead_letter WHERE id = ?1', [id]);
      return row === undefined ? undefined : letterOf(row);
    },
    purge: async (selection) => (await db.call('purge', selection)) as RemovedLetters,
    async retry(selection, limit, nowMs) {
      return (await db.call('retry', { selection, limit, nowMs })) as RemovedLetters & { size: number };
    },
    close: () => db.close(),
  };
}

function sharesOf(rows: readonly Row[]): PointsByDevice {
  return Object.fromEntries(rows.map((row) => [String(row['account']), Number(row['lines'])]));
}
