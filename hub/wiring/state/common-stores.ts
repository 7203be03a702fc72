import { sumOfHour } from '../../admin/day-counts.ts';
import {
  createArtifactRecords,
  createHubClockRow,
  createRemovalRows,
  createSilences,
  createUpkeepRow,
} from '../../adapters/rows/plain-stores.ts';
import {
  createConsoleSessionRecords,
  createDayCountRecords,
  createEnrolmentRecords,
  createFleetCourseRecords,
  createNoticeRecords,
  createOperatorRecords,
  createSchedules,
} from '../../adapters/rows/record-stores.ts';
import type { StateTables } from '../../adapters/rows/state-tables.ts';
import type { StateStores } from './state-stores.ts';

/** The ports that are the same over both databases. */
export function commonStores(
  tables: StateTables,
): Pick<
  StateStores,
  | 'removals'
  | 'dayCounts'
  | 'fleetCourse'
  | 'artifacts'
  | 'schedules'
  | 'notices'
  | 'operators'
  | 'consoleSessions'
  | 'enrolments'
  | 'silences'
  | 'hubClock'
  | 'upkeep'
> {
  return {
    removals: createRemovalRows(tables),
    dayCounts: createDayCountRecords(tables, sumOfHour),
    fleetCourse: createFleetCourseRecords(tables),
    artifacts: createArtifactRecords(tables),
    schedules: createSchedules(tables),
    notices: createNoticeRecords(tables),
    operators: createOperatorRecords(tables),
    consoleSessions: createConsoleSessionRecords(tables),
    enrolments: createEnrolmentRecords(tables),
    silences: createSilences(tables),
    hubClock: createHubClockRow(tables),
    upkeep: createUpkeepRow(tables),
  };
}
