import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { DeadLetterSelection } from '../../../schemas/api/telemetry/spool.ts';
import type { PointsByDevice } from '../../telemetry/ledger.ts';
import type {
  AdoptedLines,
  NewDeadLetter,
  RemovedLetters,
  SharedSpoolStore,
} from '../../telemetry/spool-store.ts';
import { letterOf } from '../rows/dead-letter-rows.ts';
import { jsonOf, numberOf } from '../rows/row.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import { endPart, mayAdd, notOurs, SpoolChanges } from './postgres-spool-changes.ts';
import type { PgQuery, PgRow, PgValue, Postgres } from './postgres.ts';

const packed = promisify(gzip);
const unpacked = promisify(gunzip);

/** Entries and dead letters of another hub that are taken over in one commit. */
const adoptedEntries = 100;
const adoptedLetters = 1_000;

/** The rows of this hub, as far as it is known that they were added. */
const ours = 'hub = $1 AND inc = $2 AND change IS DISTINCT FROM $3';

/** What the parts of the store share. */
interface Part {
  db: Postgres;
  owner: PostgresOwner;
  changes: SpoolChanges;
  /** The first three parameters of a statement with `ours`. */
  read: () => PgValue[];
}

/**
 * The spool beside the state that several hubs share: what one hub has acked is there when its disk is not. Entries are packed, because
 * every byte of them is written and sent to a standby as well.
 */
export function createPostgresSpool(db: Postgres, owner: PostgresOwner): SharedSpoolStore {
  const changes = new SpoolChanges(db, owner);
  const read = (): PgValue[] => [owner.hub, owner.incarnation, changes.unknown];
  const part = { db, owner, changes, read };
  return {
    whenAway: 'while the metrics store is away, too, devices keep their readings',
    begin: () => changes.begin(),
    giveUp: () => changes.giveUp(),
    close: () => changes.end().catch(() => undefined),
    ...levelsAndPages(part),
    ...deadLetters(part),
    ...lineChanges(part),
    ...letterChanges(part),

    async anyLeft() {
      return (await db.query(`SELECT hub FROM spool_owner o WHERE ${ended} LIMIT 1`)).length > 0;
    },

    async adopt(room) {
      for (;;) {
        const adopted = await changes.take((query) => adopt(query, owner, room));
        if (adopted === null) return undefined;
        // A part that had nothing is gone: the next one may have something.
        if (adopted.lines + adopted.deadLetters > 0) return adopted;
      }
    },
  };
}

function lineChanges({ db, owner, changes }: Part): Pick<SharedSpoolStore, 'append' | 'remove'> {
  const { hub, incarnation } = owner;
  return {
    async append({ lines, shares, size, nowMs }) {
      const body = await packed(lines.join('\n'), { level: 1 });
      await changes.add((change) =>
        db.query(
          `WITH ${mayAdd}
           INSERT INTO spool (hub, inc, change, lines, size, shares, spooled_ms, body)
           SELECT hub, inc, $3, $4::int, $5::bigint, $6::text, $7::float8, $8::bytea FROM mine RETURNING id`,
          [hub, incarnation, change, lines.length, size, JSON.stringify(shares), nowMs, body],
        ),
      );
    },

    async remove(ids, refused, nowMs) {
      await changes.take(async (query) => {
        const gone = await query(
          'DELETE FROM spool WHERE hub = $1 AND inc = $2 AND id = ANY($3::bigint[]) RETURNING id',
          [hub, incarnation, ids],
        );
        if (gone.length !== ids.length) throw notOurs();
        if (refused.length === 0) return;
        const columns = letterColumns(refused, nowMs);
        await query(insertLetters('$1::text, $2::bigint, NULL::bigint', '', 3), [
          hub,
          incarnation,
          ...columns,
        ]);
      });
    },
  };
}

function letterChanges({
  db,
  owner,
  changes,
  read,
}: Part): Pick<SharedSpoolStore, 'addDeadLetters' | 'purge' | 'retry'> {
  const { hub, incarnation } = owner;
  return {
    async addDeadLetters(letters, nowMs) {
      if (letters.length === 0) return;
      const columns = letterColumns(letters, nowMs);
      const sql = `WITH ${mayAdd} ${insertLetters('mine.hub, mine.inc, $3::bigint', 'mine, ', 4)}`;
      await changes.add((change) => db.query(sql, [hub, incarnation, change, ...columns]));
    },

    purge: (selection) =>
      changes.take(async (query) => {
        const { where, value } = chosen(selection);
        return removedOf(
          await query(
            `WITH gone AS (DELETE FROM dead_letter WHERE ${ours} AND ${where} RETURNING account, type) ${counted('gone')}`,
            [...read(), value],
          ),
        );
      }),

    retry: (selection, limit, nowMs) =>
      changes.take(async (query) => {
        const { where, value } = chosen(selection);
        const letters = await query(
          `WITH gone AS (DELETE FROM dead_letter WHERE id IN (
             SELECT id FROM dead_letter WHERE ${ours} AND ${where} ORDER BY id LIMIT $5) RETURNING id, account, type, line)
           SELECT account, type, line, 1 AS count FROM gone ORDER BY id`,
          [...read(), value, limit],
        );
        const removed = removedOf(letters);
        const lines = letters.map((row) => String(row['line']));
        const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
        if (lines.length > 0) {
          const body = await packed(lines.join('\n'), { level: 1 });
          await query(
            'INSERT INTO spool (hub, inc, lines, size, shares, spooled_ms, body) VALUES ($1, $2, $3, $4, $5, $6, $7)',
            [hub, incarnation, lines.length, size, JSON.stringify(removed.shares), nowMs, body],
          );
        }
        return { ...removed, size };
      }),
  };
}

function levelsAndPages({ db, read }: Part): Pick<SharedSpoolStore, 'levels' | 'shares' | 'head' | 'page'> {
  return {
    async levels() {
      const [row] = await db.longQuery(
        `SELECT coalesce(sum(lines), 0) AS lines, coalesce(sum(size), 0) AS size, min(spooled_ms) AS oldest,
                (SELECT count(*) FROM dead_letter WHERE ${ours}) AS dead FROM spool WHERE ${ours}`,
        read(),
      );
      return {
        lines: Number(row?.['lines']),
        size: Number(row?.['size']),
        deadLetters: Number(row?.['dead']),
        oldestMs: numberOf(row?.['oldest']) ?? null,
      };
    },

    async shares() {
      const spooled = await db.longQuery(
        `SELECT share.key AS account, sum(share.value::bigint) AS count
           FROM spool, json_each_text(shares::json) AS share WHERE ${ours} GROUP BY share.key`,
        read(),
      );
      const letters = removedOf(
        await db.longQuery(
          `WITH kept AS (SELECT account, type FROM dead_letter WHERE ${ours}) ${counted('kept')}`,
          read(),
        ),
      );
      return {
        spooled: sumOf(spooled, 'account'),
        deadLettered: letters.shares,
        deadLetteredTypes: letters.types,
      };
    },

    async head({ lines, size }) {
      // An entry has at least one line.
      const rows = await db.query(
        `WITH fitting AS (
           SELECT id FROM (
             SELECT id, sum(lines) OVER older AS all_lines, sum(size) OVER older AS all_size, row_number() OVER older AS nth
               FROM (SELECT id, lines, size FROM spool WHERE ${ours} ORDER BY id LIMIT $4) AS oldest WINDOW older AS (ORDER BY id)) AS summed
            WHERE nth = 1 OR (all_lines <= $4 AND all_size <= $5))
         SELECT s.* FROM spool s JOIN fitting ON fitting.id = s.id ORDER BY s.id`,
        [...read(), lines, size],
      );
      const [first] = rows;
      if (first === undefined) return undefined;
      const texts = await Promise.all(rows.map(textOf));
      return {
        ids: rows.map((row) => Number(row['id'])),
        oldestMs: Number(first['spooled_ms']),
        lines: texts.flatMap((text) => text.split('\n')),
        shares: sharesOf(rows),
        size: rows.reduce((sum, row) => sum + Number(row['size']), 0),
      };
    },

    async page(afterId) {
      const [row] = await db.query(
        `SELECT id, body FROM spool WHERE ${ours} AND id > $4 ORDER BY id LIMIT 1`,
        [...read(), afterId],
      );
      return row === undefined ? undefined : { lastId: Number(row['id']), text: `${await textOf(row)}\n` };
    },
  };
}

function deadLetters({ db, read }: Part): Pick<SharedSpoolStore, 'deadLetters' | 'deadLetter'> {
  return {
    async deadLetters({ device, afterId, limit }) {
      const rows = await db.query(
        `SELECT * FROM dead_letter WHERE ${ours} AND id > $4 AND ($5::text IS NULL OR account = $5) ORDER BY id LIMIT $6`,
        [...read(), afterId, device ?? null, limit],
      );
      return rows.map(letterOf);
    },
    async deadLetter(id) {
      const [row] = await db.query(`SELECT * FROM dead_letter WHERE ${ours} AND id = $4`, [...read(), id]);
      return row === undefined ? undefined : letterOf(row);
    },
  };
}

/** The owner of a part is over. */
const ended = `NOT EXISTS (SELECT 1 FROM hub h WHERE h.id = o.hub AND h.inc = o.inc AND h.state = 'up')`;

function taking(table: 'spool' | 'dead_letter'): string {
  return `UPDATE ${table} SET hub = $1, inc = $2, change = NULL
    WHERE id IN (SELECT id FROM ${table} WHERE hub = $3 AND inc = $4 ORDER BY id LIMIT $5)`;
}

/** @returns nothing moved: a part that was empty is gone; null: none is left, or there is no room */
async function adopt(
  query: PgQuery,
  { hub, incarnation }: PostgresOwner,
  room: { size: number; deadLetters: number },
): Promise<AdoptedLines | null> {
  // Locked, so that what its hub may still add is in it, or is refused. Those with lines come first: dead letters may wait for room.
  const [part] = await query(
    `SELECT hub, inc FROM spool_owner o WHERE ${ended}
      ORDER BY EXISTS (SELECT 1 FROM spool s WHERE s.hub = o.hub AND s.inc = o.inc) DESC, hub, inc LIMIT 1 FOR UPDATE SKIP LOCKED`,
  );
  if (part === undefined) return null;
  const left: [string, number] = [String(part['hub']), Number(part['inc'])];
  const move = [hub, incarnation, ...left];
  const entries =
    room.size > 0
      ? await query(`${taking('spool')} RETURNING lines, size, shares, spooled_ms`, [...move, adoptedEntries])
      : [];
  const letters =
    room.deadLetters > 0
      ? await query(`WITH moved AS (${taking('dead_letter')} RETURNING account, type) ${counted('moved')}`, [
          ...move,
          Math.min(room.deadLetters, adoptedLetters),
        ])
      : [];
  if (entries.length + letters.length === 0 && !(await endPart(query, left))) return null;
  const { shares, types } = removedOf(letters);
  const total = (column: string): number => entries.reduce((sum, row) => sum + Number(row[column]), 0);
  return {
    lines: total('lines'),
    size: total('size'),
    oldestMs: entries.length === 0 ? null : Math.min(...entries.map((row) => Number(row['spooled_ms']))),
    deadLetters: letters.reduce((sum, row) => sum + Number(row['count']), 0),
    spooled: sharesOf(entries),
    deadLettered: shares,
    deadLetteredTypes: types,
  };
}

function insertLetters(owner: string, source: string, first: number): string {
  const [account, type, line, reason] = [0, 1, 2, 3].map((at) => `$${first + at}::text[]`);
  return `INSERT INTO dead_letter (hub, inc, change, account, type, line, reason, refused_ms)
    SELECT ${owner}, g.account, g.type, g.line, g.reason, $${first + 4}::float8
      FROM ${source}unnest(${account}, ${type}, ${line}, ${reason}) WITH ORDINALITY AS g(account, type, line, reason, n)
     ORDER BY n RETURNING id`;
}

function letterColumns(letters: readonly NewDeadLetter[], nowMs: number): PgValue[] {
  const columns = (['account', 'type', 'line', 'reason'] as const).map((name) =>
    letters.map((letter) => letter[name]),
  );
  return [...columns, nowMs];
}

/** The letters that are meant, by $4. */
function chosen(selection: DeadLetterSelection): { where: string; value: PgValue } {
  if ('ids' in selection) return { where: 'id = ANY($4::bigint[])', value: selection.ids };
  if ('device' in selection) return { where: 'account = $4::text', value: selection.device };
  return { where: '$4::text IS NULL', value: null };
}

function counted(rows: string): string {
  return `SELECT account, type, count(*) AS count FROM ${rows} GROUP BY account, type`;
}

function removedOf(rows: readonly PgRow[]): RemovedLetters {
  return { shares: sumOf(rows, 'account'), types: sumOf(rows, 'type') };
}

/** The counts of the rows, by one of their columns. */
function sumOf(rows: readonly PgRow[], column: 'account' | 'type'): PointsByDevice {
  const sums = new Map<string, number>();
  for (const row of rows) addTo(sums, String(row[column]), Number(row['count']));
  return Object.fromEntries(sums);
}

function sharesOf(entries: readonly PgRow[]): PointsByDevice {
  const sums = new Map<string, number>();
  for (const { shares } of entries)
    for (const [id, count] of Object.entries(jsonOf(shares) as PointsByDevice)) addTo(sums, id, count);
  return Object.fromEntries(sums);
}

function addTo(sums: Map<string, number>, key: string, count: number): void {
  sums.set(key, (sums.get(key) ?? 0) + count);
}

/** The lines of an entry. */
async function textOf({ body }: PgRow): Promise<string> {
  // Only `append` and `retry` write it.
  return (await unpacked(body as Uint8Array)).toString();
}
