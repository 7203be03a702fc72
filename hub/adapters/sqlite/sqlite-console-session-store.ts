import type { ConsoleSessionStore, StoredSession } from '../../operators/console-sessions.ts';
import { jsonTable, jsonTableMigration } from './json-table.ts';
import type { Database } from './sqlite.ts';

/** Named by the hash of the cookie. */
export const consoleSessionMigrations: readonly string[] = [jsonTableMigration('console_session')];

/** The console's logins, in `state.db` (`consoleSessionMigrations` applied). */
export function createConsoleSessionStore(db: Database): ConsoleSessionStore {
  return jsonTable<StoredSession>(db, 'console_session');
}
