/** The hub that writes. Every write about a device or a command names it, and changes nothing that belongs to another hub. */
export interface PostgresOwner {
  readonly hub: string;
  /** The number of the hub's start. */
  readonly incarnation: number;
}

/**
 * A condition: this hub leads. Whoever takes the lease waits until the end of the statement, or is waited for; who does not lead by then
 * writes nothing. It holds no place of a parameter, because statements that both databases understand number their own.
 */
export function leadsIn({ hub, incarnation }: PostgresOwner): string {
  // A text in quotation marks, as PostgreSQL reads it: https://www.postgresql.org/docs/15/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS
  const name = `'${hub.replaceAll("'", "''")}'`;
  return `EXISTS (SELECT 1 FROM lease WHERE name = 'leader' AND hub = ${name} AND inc = ${incarnation} FOR SHARE)`;
}
