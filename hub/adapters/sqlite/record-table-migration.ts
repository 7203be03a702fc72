/** Makes a table `(name, record)`, see `recordTable`. */
export function recordTableMigration(table: string): string {
  return `CREATE TABLE ${table} (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;`;
}
