import type { Row } from './row.ts';

export type Value = string | number | boolean | null | readonly string[];

/**
 * The tables that SQLite and PostgreSQL have alike, for stores whose few short statements both understand. Placeholders are `$1`,
 * `$2`, …. Every method rejects with HubError `database-failed`.
 */
export interface StateTables {
  /** The rows of a whole table, which may take a while. */
  load(sql: string, values?: readonly Value[]): Promise<Row[]>;
  read(sql: string, values: readonly Value[]): Promise<Row[]>;
  /** One statement, which is on disk when it resolves. @returns what it is `RETURNING` */
  write(sql: string, values: readonly Value[]): Promise<Row[]>;
  /** A condition: the column holds yes, or no. */
  yes(column: string): string;
  no(column: string): string;
  /** A condition: is one of the texts that are given as a list for this placeholder. */
  among(placeholder: string): string;
}
