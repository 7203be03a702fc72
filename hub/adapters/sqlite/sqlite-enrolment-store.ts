import type { EnrolmentRecord, EnrolmentStore, PendingRequest } from '../../identity/enrolment.ts';
import { jsonTable, jsonTableMigration } from './json-table.ts';
import type { Database } from './sqlite.ts';

export const enrolmentMigrations: readonly string[] = [
  jsonTableMigration('enrolment'),
  jsonTableMigration('enrolment_request'),
];

const noLabels = { labels: {} };

/** Enrolment tokens and what waits for approval, in `state.db` (`enrolmentMigrations` applied). */
export function createEnrolmentStore(db: Database): EnrolmentStore {
  const enrolments = jsonTable<EnrolmentRecord>(db, 'enrolment');
  const requests = jsonTable<PendingRequest>(db, 'enrolment_request');
  return {
    // Enrolments of earlier releases have no labels.
    load: async () => (await enrolments.load()).map((enrolment) => ({ ...noLabels, ...enrolment })),
    save: (enrolment) => enrolments.save(enrolment.id, enrolment),
    remove: (id) => enrolments.remove(id),
    loadRequests: () => requests.load(),
    saveRequest: (request) => requests.save(request.deviceId, request),
    removeRequest: (deviceId) => requests.remove(deviceId),
  };
}
