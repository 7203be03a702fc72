import type { DayCountStore, StoredHour } from '../../admin/day-counts.ts';
import { jsonTable, jsonTableMigration } from './json-table.ts';
import type { Database } from './sqlite.ts';

/** Named by the hour. */
export const dayCountMigrations: readonly string[] = [jsonTableMigration('day_count')];

/** What was counted in the last hours, in `state.db` (`dayCountMigrations` applied). */
export function createDayCountStore(db: Database): DayCountStore {
  return jsonTable<StoredHour>(db, 'day_count');
}
