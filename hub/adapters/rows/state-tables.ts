import type { Row } from './row.ts';

export type Value = string | number | boolean | null | readonly string[];

/**
 * Statements that SQLite and PostgreSQL both understand, on tables that both have. Placeholders are `$1`, `$2`, …. Every method
 * rejects with HubError `database-failed`.
 */
export interface StateTables {
  /** The rows of a whole table, which may take a while. */
  load(sql: string, values?: readonly Value[]): Promise<Row[]>;
  read(sql: string, values: readonly Value[]): Promise<Row[]>;
  /** Runs one statement; it is on disk when the promise resolves. @returns the rows of its `RETURNING` */
  write(sql: string, values: readonly Value[]): Promise<Row[]>;
  /** Conditions: the column is true; the column is false. */
  yes(column: string): string;
  no(column: string): string;
  /** A condition: equals one of the texts in the list of this placeholder. */
  among(placeholder: string): string;
  /** Ends a SELECT: its rows stay as they are until the end of the statement, and have been waited for. */
  readonly held: string;
  /**
   * A condition: of all hubs it is this one that leads, and it does so until the end of the statement. What the leader alone writes is
   * written under it, so that a former leader that was frozen, or whose statement comes late, changes nothing.
   */
  readonly leads: string;
}
