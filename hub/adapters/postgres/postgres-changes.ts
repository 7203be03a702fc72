import type { PgRow, Postgres } from './postgres.ts';

/** Pruned this often, calls. */
const pruneEvery = 600;
const noXid = '18446744073709551615';

/**
 * Reads what has changed since the last look, from a table that notes each change with its transaction. What an open transaction
 * changes cannot be seen yet, so the next look begins at the oldest transaction that was open.
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

  /** The first call gives nothing, and says from where on. @param use if it rejects, the next call gives the same again */
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
