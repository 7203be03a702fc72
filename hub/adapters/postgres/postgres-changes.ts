import type { PgRow, Postgres } from './postgres.ts';

/** The number of calls between two prunes. */
const pruneEvery = 600;
const noXid = '18446744073709551615';

/**
 * Reads the changes since the last call, from a table that has each change with its transaction. Changes of an open transaction
 * are not visible yet, so the next call begins at the oldest transaction that was open.
 */
export class PostgresChanges {
  readonly #db: Postgres;
  readonly #table: string;
  readonly #columns: string;
  #from = noXid;
  #calls = 0;

  constructor(db: Postgres, table: string, columns: string) {
    this.#db = db;
    this.#table = table;
    this.#columns = columns;
  }

  /** The first call only sets the beginning, and has no changes. @param use when it rejects, the next call has the same changes */
  async read<Result>(use: (noted: PgRow[]) => Promise<Result>): Promise<Result> {
    this.#calls += 1;
    if (this.#calls % pruneEvery === 0)
      await this.#db.query(`DELETE FROM ${this.#table} WHERE at < now() - interval '1 hour'`);
    const rows = await this.#db.query(
      `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS next, c.*
         FROM (SELECT 1) one
         LEFT JOIN (SELECT DISTINCT true AS is_change, ${this.#columns} FROM ${this.#table} WHERE xid >= $1::text::xid8) c ON true`,
      [this.#from],
    );
    const used = await use(rows.filter((row) => row['is_change'] === true));
    this.#from = String(rows[0]?.['next']);
    return used;
  }
}
